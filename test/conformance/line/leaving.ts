/** Leaving: final after a short undo, and those behind move up. */
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
} from './subject.ts'

export const leaving: readonly LineCase[] = [
  {
    name: 'who leaves is out of the line at once; those behind move up by one, those ahead do not',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(5))
      assert.equal((await engine.leave(EVENT, 'v3')).state, 'left')
      const positions = await Promise.all(people(5).map((visitor) => engine.status(EVENT, visitor)))
      assert.deepEqual(
        positions.map(({ position }) => position),
        [1, 2, 0, 3, 4],
      )
      const counts = await countsOf(engine)
      assert.deepEqual([counts.left, counts.waiting], [1, 4])
    },
  },
  {
    name: 'a leave can be undone for a short while, by asking for it or by entering: same ticket, same place',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0, undoMs: 10_000 })
      await allEnter(engine, people(5))
      await engine.leave(EVENT, 'v2')
      await engine.leave(EVENT, 'v3')
      await passes(subject, 9_000)
      assert.equal((await engine.leave(EVENT, 'v2')).state, 'left', 'a second leave does not lengthen it')
      const undone = await engine.undo(EVENT, 'v2')
      const entered = await enters(engine, 'v3')
      assert.deepEqual([undone.state, undone.ticket, undone.position], ['waiting', 2, 2])
      assert.deepEqual([entered.state, entered.ticket, entered.position], ['waiting', 3, 3])
      assert.equal((await countsOf(engine)).left, 0)
    },
  },
  {
    name: 'after that it is final: the ticket is gone, and entering again is entering anew',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0, undoMs: 10_000 })
      await allEnter(engine, people(3))
      await engine.leave(EVENT, 'v1')
      await passes(subject, 10_500)
      assert.equal((await engine.undo(EVENT, 'v1')).state, 'left')
      const again = await enters(engine, 'v1')
      assert.deepEqual([again.ticket, again.position], [4, 3])
    },
  },
  {
    name: 'L2: a leave that is undone after the ticket was passed is next',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0, undoMs: 10_000 })
      await allEnter(engine, people(4))
      await engine.leave(EVENT, 'v1')
      await changes(engine, { cap: 1 })
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v2'])
      assert.equal((await engine.undo(EVENT, 'v1')).position, 1)
      assert.equal((await engine.status(EVENT, 'v3')).position, 2)
      await changes(engine, { cap: 2 })
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v1'])
    },
  },
  {
    name: 'who leaves when called gives the place to the next one, who leaves inside is done',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, people(3))
      await changes(engine, { cap: 1 })
      await engine.admit(EVENT, 5)
      await engine.leave(EVENT, 'v1')
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v2'])
      await engine.claim(EVENT, 'v2')
      assert.equal((await engine.leave(EVENT, 'v2')).state, 'done')
      assert.equal(await stateOf(engine, 'v1'), 'left')
      const { left, done } = await countsOf(engine)
      assert.deepEqual([left, done], [1, 1])
    },
  },
]
