/** One pace for all processes (Q6): the shares of those at work never add up to more, whoever comes and goes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JOIN_MS, PaceShare, RAISE_AFTER_MS } from '../../src/app/pace-share.ts'
import type { Member } from '../../src/queue/index.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'

const lane = { type: 'MNP', slots: 10, running: 0, breaker: 'closed' } as const

function member(id: string, more: Partial<Member> = {}): Member {
  const identity = { id, pid: 1, host: 'h', startedAt: 0, heardAt: 0 }
  return { ...identity, role: 'consumer', lanes: [lane], draining: false, ...more }
}

function world(clock = new FakeClock(), rate = 10) {
  const state = {
    healthy: true,
    speaks: true,
    hears: true,
    rate,
    members: [member('self')],
    applied: [] as number[],
  }
  const share = new PaceShare({
    clock,
    fleet: { members: () => state.members, speaks: () => state.speaks, hears: () => state.hears },
    health: () => (state.healthy ? { ok: true } : { ok: false, reason: 'away' }),
    types: () => [{ name: 'MNP', ratePerSecond: state.rate }],
    apply: (_type, ratePerSecond) => void state.applied.push(ratePerSecond),
  })
  share.start()
  return { clock, state, share }
}

test('Q6 a paced type is taken only when the others have heard of this process; an unpaced one at once', async () => {
  const { clock, state, share } = world()
  assert.equal(share.mayTake('MNP'), false)
  assert.equal(share.mayTake('CHANGE'), true)
  state.healthy = false
  await clock.advance(JOIN_MS)
  assert.equal(share.mayTake('MNP'), false, 'nobody can have heard of it')
  state.healthy = true
  state.speaks = false
  await clock.advance(JOIN_MS + 250)
  assert.equal(share.mayTake('MNP'), false, 'its messages can come before its reports can go')
  state.speaks = true
  await clock.advance(JOIN_MS)
  assert.equal(share.mayTake('MNP'), false)
  await clock.advance(250)
  assert.equal(share.mayTake('MNP'), true)
  state.healthy = false
  await clock.advance(250)
  assert.equal(share.mayTake('MNP'), true, 'a broker that is blocked must be worked off')
  share.stop()
  assert.equal(clock.pending, 0)
})

test('Q6 a share shrinks at once and grows only after it could have been larger for a while', async () => {
  const { clock, state, share } = world()
  assert.equal(share.share('MNP'), 10)
  state.members = [member('self'), member('two'), member('gateway', { lanes: [] })]
  await clock.advance(250)
  assert.equal(share.share('MNP'), 5)
  state.members = [member('self'), member('two', { draining: true })]
  await clock.advance(RAISE_AFTER_MS)
  assert.equal(share.share('MNP'), 5)
  await clock.advance(500)
  assert.equal(share.share('MNP'), 10)
  assert.deepEqual(state.applied, [10, 5, 10])
  share.stop()
})

test('Q6 after an outage nobody takes over what the others will take again', async () => {
  const { clock, state, share } = world()
  state.members = [member('self'), member('two')]
  await clock.advance(1_000)
  state.healthy = false
  state.members = [member('self')]
  await clock.advance(60_000)
  assert.equal(share.share('MNP'), 5)
  state.healthy = true
  await clock.advance(RAISE_AFTER_MS - 1_000)
  assert.equal(share.share('MNP'), 5)
  state.members = [member('self'), member('two')]
  await clock.advance(60_000)
  assert.equal(share.share('MNP'), 5)
  share.stop()
})

test('Q6 with a broker that passes no reports on, though it says nothing, nobody takes over either', async () => {
  const { clock, state, share } = world()
  state.members = [member('self'), member('two')]
  await clock.advance(10_000)
  state.hears = false
  state.members = [member('self')]
  await clock.advance(60_000)
  assert.equal(share.share('MNP'), 5)
  assert.equal(share.mayTake('MNP'), true, 'it must be worked off')
  state.hears = true
  await clock.advance(RAISE_AFTER_MS + 250)
  assert.equal(share.share('MNP'), 10)
  share.stop()
})

test('Q6 a pace changed while running is shared like any other, and 0 is no limit for each', async () => {
  const { clock, state, share } = world()
  state.members = [member('self'), member('two')]
  await clock.advance(250)
  state.rate = 100
  await clock.advance(250)
  assert.equal(share.share('MNP'), 50)
  state.rate = 0
  await clock.advance(250)
  assert.equal(state.applied.at(-1), 0)
  share.stop()
})
