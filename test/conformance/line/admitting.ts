/** Calls: in the order of tickets (L2), never over the cap (L3) or the rate, in bounded batches. */
import assert from 'node:assert/strict'
import { ADMIT_MAX, type LineNews } from '../../../src/waiting-room/index.ts'
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
  statesOf,
} from './subject.ts'

export const admitting: readonly LineCase[] = [
  {
    name: 'L2: those waiting are called in the order of their tickets, and claim their places',
    async run(subject) {
      const { engine, now } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(7))
      await changes(engine, { cap: 3 })
      const admission = await engine.admit(EVENT, 100)
      assert.deepEqual(names(admission), ['v1', 'v2', 'v3'])
      assert.deepEqual([admission.more, admission.limitedBy, admission.parked], [false, 'cap', 0])
      for (const { claimBy } of admission.called) assert.ok(Math.abs(claimBy - now() - 120_000) < 5_000)
      assert.deepEqual(await statesOf(engine, ['v3', 'v4']), ['ready', 'waiting'])
      assert.equal((await engine.status(EVENT, 'v4')).position, 1)
      assert.equal((await engine.claim(EVENT, 'v2')).state, 'admitted')
      assert.equal((await enters(engine, 'v3')).state, 'admitted', 'entering claims, too')
      assert.deepEqual(names(await engine.admit(EVENT, 100)), [])
    },
  },
  {
    name: 'L3: five at a time until all are in, as places come free; called ones count from the call on',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 5 })
      await allEnter(engine, people(20))
      const inside: string[] = people(5)
      for (let round = 1; round <= 3; round++) {
        for (const visitor of inside.slice(-5)) await engine.done(EVENT, visitor)
        inside.push(...names(await engine.admit(EVENT, ADMIT_MAX)))
        assert.equal((await countsOf(engine)).ready, 5)
        assert.deepEqual(names(await engine.admit(EVENT, ADMIT_MAX)), [], 'all places are taken')
        for (const visitor of inside.slice(-5)) await engine.claim(EVENT, visitor)
      }
      assert.deepEqual(inside, people(20))
      assert.equal((await countsOf(engine)).waiting, 0)
    },
  },
  {
    name: 'L3: processors that race call each visitor once and never more than there are places',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(60))
      await changes(engine, { cap: 25 })
      const processors = await subject.processors()
      const racing = Array.from({ length: 8 }, (_, i) => processors[i % processors.length] ?? engine)
      const admissions = await Promise.all(racing.map((processor) => processor.admit(EVENT, 10)))
      const called = admissions.flatMap(({ called }) => called).sort((a, b) => a.ticket - b.ticket)
      assert.deepEqual(
        called.map(({ visitor }) => visitor),
        people(25),
      )
      assert.equal((await countsOf(engine)).ready, 25)
    },
  },
  {
    name: 'a batch has its bound, says that there is more, and never exceeds 500',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await Promise.all(people(ADMIT_MAX + 20).map((visitor) => engine.enter(EVENT, visitor)))
      await changes(engine, { cap: 2 * ADMIT_MAX })
      const three = await engine.admit(EVENT, 3)
      assert.deepEqual([three.called.length, three.more], [3, true])
      const most = await engine.admit(EVENT, 100_000)
      assert.deepEqual([most.called.length, most.more], [ADMIT_MAX, true])
      const rest = await engine.admit(EVENT, 100_000)
      assert.deepEqual([rest.called.length, rest.more, rest.limitedBy], [17, false, 'none'])
      assert.deepEqual((await engine.admit(EVENT, 0)).called, [])
      assert.deepEqual((await engine.admit(EVENT, -5)).called, [])
    },
  },
  {
    name: 'the rate of a rolling minute limits calls and direct entries together, and the answer says so',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 100, ratePerMinute: 4 })
      const visits = await allEnter(engine, people(10))
      assert.deepEqual(
        visits.map(({ state }) => state),
        [...Array(4).fill('admitted'), ...Array(6).fill('waiting')],
      )
      const limited = await engine.admit(EVENT, 100)
      assert.deepEqual([limited.called.length, limited.limitedBy, limited.more], [0, 'rate', false])
      await passes(subject, 59_000)
      await engine.seen(EVENT, people(10))
      assert.equal((await engine.admit(EVENT, 100)).called.length, 0)
      await passes(subject, 3_000)
      const next = await engine.admit(EVENT, 100)
      assert.deepEqual([names(next), next.limitedBy], [['v5', 'v6', 'v7', 'v8'], 'rate'])
      await changes(engine, { cap: 8 })
      assert.equal((await engine.admit(EVENT, 100)).limitedBy, 'cap', 'the smaller one wins')
    },
  },
  {
    name: 'pause holds everybody, tickets are still given out; resume goes on where it was',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(2))
      await changes(engine, { mode: 'paused', cap: 10 })
      assert.equal((await enters(engine, 'v3')).position, 3)
      const paused = await engine.admit(EVENT, 10)
      assert.deepEqual([paused.called, paused.limitedBy, paused.more], [[], 'paused', false])
      assert.equal((await engine.snapshot(EVENT))?.frame.limitedBy, 'paused')
      await changes(engine, { mode: 'open' })
      assert.deepEqual(names(await engine.admit(EVENT, 10)), people(3))
    },
  },
  {
    name: 'draining lets those in the line in, until it is empty; closed lets nobody in',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(4))
      await changes(engine, { mode: 'closed', cap: 2 })
      assert.deepEqual(names(await engine.admit(EVENT, 10)), [])
      await changes(engine, { mode: 'draining' })
      assert.deepEqual(names(await engine.admit(EVENT, 10)), ['v1', 'v2'])
    },
  },
  {
    name: 'a cap that is lowered sends nobody out and lets nobody in until it is reached',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 4 })
      await allEnter(engine, people(6))
      await changes(engine, { cap: 2 })
      assert.equal((await countsOf(engine)).admitted, 4)
      for (const visitor of ['v1', 'v2']) {
        await engine.done(EVENT, visitor)
        assert.deepEqual(names(await engine.admit(EVENT, 10)), [])
      }
      await engine.done(EVENT, 'v3')
      assert.deepEqual(names(await engine.admit(EVENT, 10)), ['v5'])
    },
  },
  {
    name: 'who follows hears of each call once, of the visitors called and of nobody else',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(3))
      const news: LineNews[] = []
      const off = engine.follow((one) => news.push(one))
      engine.follow(() => {
        throw new Error('a listener of the test that fails')
      })
      await changes(engine, { cap: 2 })
      await engine.admit(EVENT, 10)
      await engine.claim(EVENT, 'v1')
      await engine.done(EVENT, 'v1')
      off()
      await engine.admit(EVENT, 10)
      const calls = news.flatMap((one) => (one.kind === 'called' ? [one] : []))
      assert.deepEqual(
        calls.map(({ event, called }) => [event, called.map(({ visitor }) => visitor)]),
        [[EVENT, ['v1', 'v2']]],
      )
      const freed = news.filter((one) => one.kind === 'moved' && one.freed)
      assert.equal(freed.length, 1, 'one place came free')
    },
  },
]
