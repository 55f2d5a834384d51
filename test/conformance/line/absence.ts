/** Absence: it costs nobody a ticket at once, and holds up nobody else (L5). */
import assert from 'node:assert/strict'
import {
  allEnter,
  changes,
  countsOf,
  EVENT,
  enters,
  eventOf,
  type LineCase,
  names,
  passes,
  people,
  stateOf,
  statesOf,
} from './subject.ts'

export const absence: readonly LineCase[] = [
  {
    name: 'L5: nine of ten absent at the front: those present go in at once, the absent cost no place',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, [...people(90, 'ghost'), ...people(10)])
      await passes(subject, 61_000)
      await engine.seen(EVENT, people(10))
      await changes(engine, { cap: 10 })
      const admission = await engine.admit(EVENT, 10)
      assert.deepEqual([names(admission), admission.parked], [people(10), 90])
      const counts = await countsOf(engine)
      assert.deepEqual([counts.ready, counts.parked, counts.waiting], [10, 90, 0])
    },
  },
  {
    name: 'L2, L5: a parked visitor keeps the ticket and, once back, is next, before all who came later',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(5))
      await passes(subject, 61_000)
      await engine.seen(EVENT, ['v2', 'v4', 'v5'])
      await changes(engine, { cap: 1 })
      assert.deepEqual(names(await engine.admit(EVENT, 10)), ['v2'])
      assert.deepEqual(await statesOf(engine, ['v1', 'v3']), ['parked', 'waiting'])
      const back = await enters(engine, 'v1')
      assert.deepEqual([back.state, back.ticket, back.position], ['waiting', 1, 1])
      await engine.seen(EVENT, ['v3'])
      assert.equal((await engine.status(EVENT, 'v3')).position, 2)
      await changes(engine, { cap: 3 })
      assert.deepEqual(names(await engine.admit(EVENT, 10)), ['v1', 'v3'])
    },
  },
  {
    name: 'a poll within the grace is presence: nobody who polls is ever parked',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0, graceMs: 60_000 })
      await allEnter(engine, ['polls', 'opens'])
      for (let minute = 0; minute < 10; minute++) {
        await passes(subject, 60_000)
        await enters(engine, 'polls')
        await engine.seen(EVENT, ['opens'])
      }
      await passes(subject, 60_000)
      await changes(engine, { cap: 5 })
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['polls', 'opens'])
    },
  },
  {
    name: 'L2: after a silence that was ours nobody is absent, and whoever was parked comes back by himself',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(3))
      await passes(subject, 61_000)
      await engine.seen(EVENT, ['v2', 'v3'])
      await changes(engine, { cap: 1 })
      assert.deepEqual(names(await engine.admit(EVENT, 1)), ['v2'])
      await passes(subject, 61_000)
      await engine.present()
      await changes(engine, { cap: 5 })
      const admission = await engine.admit(EVENT, 5)
      assert.deepEqual([names(admission), admission.parked], [['v3'], 0])
      assert.equal(await stateOf(engine, 'v1'), 'parked')
    },
  },
  {
    name: 'behind the front absence loses nothing, however long it lasts',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 1, leaseMs: 86_400_000, hardMs: 86_400_000 })
      await allEnter(engine, people(4))
      await passes(subject, 6 * 3_600_000)
      const visit = await engine.status(EVENT, 'v3')
      assert.deepEqual([visit.state, visit.ticket, visit.position], ['waiting', 3, 2])
    },
  },
  {
    name: 'who does not claim is parked, the place goes to the next one; the last try spends the ticket',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0, claimMs: 30_000, claimTries: 2, graceMs: 3_600_000 })
      await allEnter(engine, people(3))
      await changes(engine, { cap: 1 })
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v1'])
      await passes(subject, 29_000)
      assert.equal(await stateOf(engine, 'v1'), 'ready')
      await passes(subject, 1_500)
      assert.equal(await stateOf(engine, 'v1'), 'parked')
      assert.equal((await engine.claim(EVENT, 'v1')).state, 'parked', 'too late')
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v2'])
      await engine.claim(EVENT, 'v2')
      await engine.seen(EVENT, ['v1'])
      await engine.done(EVENT, 'v2')
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v1'], 'the second try')
      await passes(subject, 31_000)
      assert.equal(await stateOf(engine, 'v1'), 'expired')
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v3'])
      const again = await enters(engine, 'v1')
      assert.deepEqual([again.state, again.ticket], ['waiting', 4], 'a new ticket, at the end')
    },
  },
  {
    name: 'a parked ticket is kept as long as it says, then it is gone',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0, parkedMs: 900_000 })
      await allEnter(engine, people(2))
      await passes(subject, 61_000)
      await changes(engine, { cap: 1 })
      assert.equal((await engine.admit(EVENT, 5)).parked, 2)
      await passes(subject, 890_000)
      await engine.seen(EVENT, ['v2'])
      await passes(subject, 11_000)
      assert.deepEqual(await statesOf(engine, ['v1', 'v2']), ['expired', 'waiting'])
      assert.equal((await countsOf(engine)).expired, 1)
    },
  },
  {
    name: 'while only absent ones are parked, a newcomer goes straight in',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(2))
      await passes(subject, 61_000)
      await changes(engine, { cap: 3 })
      await engine.admit(EVENT, 5)
      assert.equal((await enters(engine, 'new')).state, 'admitted')
      await engine.seen(EVENT, ['v1', 'nobody', 'v1'])
      assert.equal((await enters(engine, 'newer')).state, 'waiting', 'somebody waits again')
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v1', 'newer'])
    },
  },
]
