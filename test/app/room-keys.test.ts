/** The room's keys: kept, shared, published before they sign, and known for as long as a pass may live. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { RoomKeys, type RoomKeysOptions } from '../../src/app/room-keys.ts'
import { type EffectStore, silentLogger, WeirError } from '../../src/core/index.ts'
import { keyIdOf, verifyPass } from '../../src/waiting-room/index.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'
import { MemoryEffects } from '../fixtures/memory-effects.ts'

const DAY = 86_400_000
const MINUTE = 60_000
const IDENTITY = { visitor: 'v', email: 'v@b.c', name: 'V', role: 'user' } as const
const CLAIMS = { event: '1', visitor: 'v', ticket: 1, epoch: 1 }

function keysOn(
  t: TestContext,
  documents: EffectStore,
  clock: FakeClock,
  more: Partial<RoomKeysOptions> = {},
) {
  let made = 0
  const keys = new RoomKeys({
    documents,
    clock,
    logger: silentLogger,
    newId: () => `id-${++made}`,
    newSecret: () => `${++made}-kT9-vQ2-mZ7-pL4-xR8-nB3-wY6-cD1-fH5`,
    issuer: 'weir',
    secret: undefined,
    sessionMs: DAY,
    ...more,
  })
  t.after(() => keys.stop())
  return keys
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  await clock.advance(ms)
  for (let i = 0; i < 20; i++) await turn()
}

test('two that start at once, and one that starts later, have the same keys and the same secret', async (t) => {
  const clock = new FakeClock()
  const store = new MemoryEffects()
  const all = [keysOn(t, store, clock), keysOn(t, store, clock)]
  await Promise.all(all.map((keys) => keys.start()))
  const late = keysOn(t, store, clock)
  await late.start()
  const [one, two] = all as [RoomKeys, RoomKeys]
  const token = one.sessions.issue(IDENTITY, clock.now())
  const signed = two.passes.issue(CLAIMS, clock.now() + 60_000, clock.now())
  for (const keys of [one, two, late]) {
    assert.deepEqual(keys.sessions.identify(token, clock.now()), IDENTITY)
    const expected = { keys: keys.passes.keySet, issuer: 'weir', event: '1', now: clock.now() }
    assert.ok(verifyPass(signed, expected).ok)
  }
})

test('a new key is known everywhere before it signs, and the older one until its passes are over', async (t) => {
  const store = new MemoryEffects()
  const start = new FakeClock()
  const begun = keysOn(t, store, start)
  await begun.start()
  const signs = (keys: RoomKeys, now: number) => keyIdOf(keys.passes.issue(CLAIMS, now + 7 * DAY, now))
  const known = (keys: RoomKeys) => keys.passes.keySet.keys.map(({ kid }) => kid)
  // Months are not waited for: two others start shortly before the rotation is due.
  const clock = new FakeClock(start.now() + 30 * DAY - 2 * MINUTE)
  const one = keysOn(t, store, clock)
  await one.start()
  await clock.advance(MINUTE / 2)
  const two = keysOn(t, store, clock)
  await two.start()
  const first = signs(one, clock.now())
  const used = new Set<string | undefined>()
  for (let passed = 0; passed < 80; passed++) {
    // Each looks at the store once a minute, and not at the same moment.
    await pass(clock, MINUTE / 4)
    for (const signer of [one, two]) {
      const kid = signs(signer, clock.now())
      used.add(kid)
      for (const other of [one, two])
        assert.ok(known(other).includes(kid ?? ''), `after ${passed} quarters of a minute`)
    }
  }
  assert.deepEqual([used.size, signs(one, clock.now()) === first], [2, false], 'it was rotated once')
  assert.ok(known(two).includes(first ?? ''), 'the older one is still published')
  const later = new FakeClock(clock.now() + 31 * DAY)
  const last = keysOn(t, store, later)
  await last.start()
  assert.ok(!known(last).includes(first ?? ''), 'and gone with the next rotation')
})

test('until the store can be read everything is refused, a secret that is set apart; then it goes on', async (t) => {
  const clock = new FakeClock()
  const store = new MemoryEffects()
  let away = true
  const documents: EffectStore = {
    read: async (keys) => {
      if (away) throw new WeirError('storage_failed', 'away')
      return store.read(keys)
    },
    applied: (id) => store.applied(id),
    apply: (effect) => store.apply(effect),
  }
  const secret = 'kT9-vQ2-mZ7-pL4-xR8-nB3-wY6-cD1-fH5'
  const keys = keysOn(t, documents, clock)
  const set = keysOn(t, documents, clock, { secret })
  await keys.start()
  await set.start()
  assert.equal(keys.ready, false)
  assert.throws(() => keys.passes.issue(CLAIMS, clock.now() + 1, clock.now()), { code: 'storage_failed' })
  assert.throws(() => keys.passes.keySet, { code: 'storage_failed' })
  assert.throws(() => keys.sessions.identify('a.b.c', clock.now()), { code: 'storage_failed' })
  const token = set.sessions.issue(IDENTITY, clock.now())
  assert.deepEqual(set.sessions.identify(token, clock.now()), IDENTITY)
  away = false
  await pass(clock, 1_000)
  assert.equal(keys.ready, true)
  const signed = keys.passes.issue(CLAIMS, clock.now() + 60_000, clock.now())
  away = true
  await pass(clock, 3_600_000)
  assert.equal(keys.ready, true, 'what is known stays good')
  assert.equal(keyIdOf(signed), keys.passes.keySet.keys[0]?.kid)
})
