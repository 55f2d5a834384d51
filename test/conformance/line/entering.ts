/** Entering: one place per visitor (L1), tickets in the order of arrival, nobody past somebody waiting (L2). */
import assert from 'node:assert/strict'
import { allEnter, countsOf, EVENT, enters, eventOf, type LineCase, people, stateOf } from './subject.ts'

export const entering: readonly LineCase[] = [
  {
    name: 'L3: as many as there are places go straight in, the next ones wait, with places from 1',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 10 })
      const visits = await allEnter(engine, people(15))
      assert.deepEqual(
        visits.map(({ state }) => state),
        [...Array(10).fill('admitted'), ...Array(5).fill('waiting')],
      )
      assert.deepEqual(
        visits.map(({ position }) => position),
        [...Array(10).fill(0), 1, 2, 3, 4, 5],
      )
      const counts = await countsOf(engine)
      assert.deepEqual([counts.entered, counts.admitted, counts.waiting], [15, 10, 5])
    },
  },
  {
    name: 'L1: entering again gives the same ticket and place back, at once and from two tabs',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 1 })
      await allEnter(engine, ['inside', 'first', 'second'])
      const before = await engine.status(EVENT, 'second')
      const again = await Promise.all([engine.enter(EVENT, 'second'), engine.enter(EVENT, 'second')])
      for (const result of again) {
        assert.deepEqual(
          { ...result, look: undefined },
          {
            kind: 'in',
            visit: before,
            changed: false,
            look: undefined,
          },
        )
      }
      const tabs = await Promise.all(Array.from({ length: 20 }, () => engine.enter(EVENT, 'third')))
      assert.equal(new Set(tabs.map((tab) => tab.kind === 'in' && tab.visit.ticket)).size, 1)
      assert.equal((await countsOf(engine)).entered, 4)
    },
  },
  {
    name: 'an entry tells how the line stands with it, as a snapshot right after it would',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 1, ratePerMinute: 600 })
      for (const visitor of ['inside', 'waits', 'waits too', 'waits']) {
        const entered = await engine.enter(EVENT, visitor)
        const { frame, door } = (await engine.snapshot(EVENT)) ?? assert.fail()
        const { departed: _, at, ...standing } = frame
        if (entered.kind !== 'in') return assert.fail(visitor)
        const { at: before, ...told } = entered.look.frame
        assert.deepEqual([told, entered.look.door], [standing, door])
        assert.ok(before <= at)
      }
      const many = await Promise.all(people(40).map((visitor) => engine.enter(EVENT, visitor)))
      for (const one of many)
        assert.ok(
          one.kind === 'in' && one.visit.position >= 1 && one.look.frame.waiting >= one.visit.position,
        )
    },
  },
  {
    name: 'tickets count up in the order of the answers: who was answered first has the lower one',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      const visits = await allEnter(engine, people(30))
      for (const [i, { ticket }] of visits.entries()) assert.equal(ticket, i + 1)
    },
  },
  {
    name: 'more at once than may wait to be written: the rest is refused as too many, and nobody is half in',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      const results = await Promise.allSettled(people(25_000).map((visitor) => engine.enter(EVENT, visitor)))
      const refused = results.filter((one) => one.status === 'rejected').map(({ reason }) => reason)
      assert.ok(refused.length > 0, 'the bound was not reached')
      for (const { code, retryAfterMs } of refused) {
        assert.equal(code, 'overloaded')
        assert.ok(retryAfterMs > 0)
      }
      assert.equal((await countsOf(engine)).waiting, 25_000 - refused.length)
      assert.equal((await enters(engine, 'afterwards')).position, 25_001 - refused.length)
    },
  },
  {
    name: 'L2: nobody goes straight in while somebody waits, however many places are free',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 1 })
      await allEnter(engine, ['inside', 'waits'])
      await engine.done(EVENT, 'inside')
      assert.equal((await countsOf(engine)).admitted, 0)
      assert.equal((await enters(engine, 'late')).state, 'waiting')
      assert.equal(await stateOf(engine, 'waits'), 'waiting')
    },
  },
  {
    name: 'L1, L3: a hundred at once, some of them twice: the cap inside, one record each',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 20 })
      const processors = await subject.processors()
      const arrivals = [...people(100), ...people(50)]
      await Promise.all(
        arrivals.map((visitor, i) => (processors[i % processors.length] ?? engine).enter(EVENT, visitor)),
      )
      const counts = await countsOf(engine)
      assert.deepEqual([counts.entered, counts.admitted, counts.waiting], [100, 20, 80])
      const visits = await Promise.all(people(100).map((visitor) => engine.status(EVENT, visitor)))
      const waiting = visits.filter(({ state }) => state === 'waiting')
      waiting.sort((a, b) => (a.ticket ?? 0) - (b.ticket ?? 0))
      assert.deepEqual(
        waiting.map(({ position }) => position),
        Array.from({ length: 80 }, (_, i) => i + 1),
      )
      assert.equal(new Set(visits.map(({ ticket }) => ticket)).size, 100)
    },
  },
  {
    name: 'an event that nobody made takes nobody, and asking about it makes nothing',
    async run({ engine }) {
      assert.deepEqual(await engine.enter('nowhere', 'v1'), { kind: 'refused', code: 'unknown_event' })
      assert.equal((await engine.status('nowhere', 'v1')).state, 'none')
      assert.equal(await engine.snapshot('nowhere'), undefined)
      assert.deepEqual((await engine.admit('nowhere', 10)).called, [])
      assert.equal(await engine.change('nowhere', { cap: 5 }), undefined)
      assert.equal(await engine.clear('nowhere', { active: true, dryRun: false }), undefined)
      assert.equal(await engine.open('nowhere', ''), undefined)
      await engine.seen('nowhere', ['v1'])
      assert.deepEqual(await engine.events(), [])
    },
  },
  {
    name: 'a closed or draining door refuses newcomers and says so; who is in the line stays',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 1 })
      await allEnter(engine, ['inside', 'waits'])
      for (const mode of ['closed', 'draining'] as const) {
        await engine.change(EVENT, { mode })
        assert.deepEqual(await engine.enter(EVENT, 'new'), { kind: 'refused', code: mode })
        assert.equal((await enters(engine, 'waits')).state, 'waiting')
        assert.equal((await enters(engine, 'inside')).state, 'admitted')
      }
      assert.equal(await stateOf(engine, 'new'), 'none')
    },
  },
  {
    name: 'a line that is as long as it may be refuses the next one',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 1, maxQueued: 2 })
      await allEnter(engine, people(3))
      assert.deepEqual(await engine.enter(EVENT, 'too many'), { kind: 'refused', code: 'full' })
      await engine.leave(EVENT, 'v2')
      assert.equal((await enters(engine, 'now')).position, 2)
    },
  },
  {
    name: 'events have lines of their own',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 1 })
      const snapshot = await engine.snapshot(EVENT)
      assert.ok(snapshot)
      assert.equal(await engine.define('other', snapshot.door), true)
      await allEnter(engine, ['a', 'b'])
      const elsewhere = await enters(engine, 'b', 'other')
      assert.deepEqual([elsewhere.state, elsewhere.ticket], ['admitted', 1])
      assert.equal(await stateOf(engine, 'b'), 'waiting')
      const events = await engine.events()
      assert.deepEqual(events.map(({ event }) => event).sort(), [EVENT, 'other'])
    },
  },
  {
    name: 'a visitor id may be any text; it is taken as it is',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      const odd = ['a:b', '{a}', '한글', "x'; --", '__proto__', 'a\u0000b', ' ', 'x'.repeat(255)]
      const visits = await allEnter(engine, odd)
      assert.deepEqual(
        visits.map(({ visitor, position }) => [visitor, position]),
        odd.map((visitor, i) => [visitor, i + 1]),
      )
      assert.equal(await stateOf(engine, 'constructor'), 'none')
    },
  },
]
