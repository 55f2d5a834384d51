/** What is made of the reports of other processes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fleetSignals, GaugeActuator } from '../../../src/consumer/index.ts'
import type { Member, MemberLane } from '../../../src/queue/index.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

const NOW = 1_700_000_000_000

function member(lane: Partial<MemberLane> = {}, more: Partial<Member> = {}): Member {
  return {
    id: 'a',
    pid: 1,
    host: 'h',
    role: 'consumer',
    startedAt: NOW - 600_000,
    heardAt: NOW,
    draining: false,
    lanes: [{ type: 'MNP', slots: 10, running: 0, breaker: 'closed', ...lane }],
    ...more,
  }
}

const signals = (...members: Member[]) => fleetSignals(members, 'MNP', 10, NOW)

test('nobody serves the type, or only those that drain: nothing is known', () => {
  assert.equal(signals(), undefined)
  assert.equal(signals(member({ type: 'CHANGE' })), undefined)
  assert.equal(signals(member({}, { draining: true })), undefined)
})

test('the service time is the mean of those that have one', () => {
  const found = signals(member({ serviceMs: 100 }), member({ serviceMs: 300 }), member())
  assert.equal(found?.serviceMs, 200)
  assert.equal(signals(member())?.serviceMs, undefined)
})

test('the breaker is what at least half of the processes say', () => {
  const closed = member()
  const open = member({ breaker: 'open' })
  const half = member({ breaker: 'half_open' })
  assert.equal(signals(closed, closed, open)?.breaker, 'closed')
  assert.equal(signals(closed, open)?.breaker, 'open')
  assert.equal(signals(closed, half)?.breaker, 'half_open')
  assert.equal(signals(half, open)?.breaker, 'open')
})

test('fewer slots than the workers have are the back end’s sign of too much', () => {
  assert.equal(signals(member(), member())?.congested, false)
  assert.equal(signals(member(), member({ slots: 7 }))?.congested, true)
})

test('a process that has just started burns CPU for itself and counts as 0', () => {
  assert.equal(signals(member({}, { cpu: 0.8 }), member({}, { cpu: 0.4 }))?.cpu?.toFixed(2), '0.60')
  assert.equal(signals(member({}, { cpu: 0.8 }), member({}, { cpu: 1, startedAt: NOW - 59_000 }))?.cpu, 0.4)
  assert.equal(signals(member())?.cpu, undefined)
})

test('the gauge: heard are ready, asked for and not heard are starting, nobody heard yet is not known', async () => {
  const clock = new FakeClock()
  let members: Member[] = []
  const gauge = new GaugeActuator(() => members, clock)
  assert.equal(gauge.current('MNP'), undefined)
  members = [member(), member(), member({}, { draining: true }), member({ type: 'CHANGE' })]
  assert.deepEqual(gauge.current('MNP'), { ready: 2, starting: 0, draining: 1 })
  gauge.resize('MNP', 5)
  assert.deepEqual(gauge.current('MNP'), { ready: 2, starting: 3, draining: 1 })
  gauge.resize('MNP', 1)
  assert.deepEqual(gauge.current('MNP'), { ready: 2, starting: 0, draining: 1 })
  members = []
  await clock.advance(10_000)
  assert.deepEqual(gauge.current('MNP'), { ready: 0, starting: 1, draining: 0 })
})
