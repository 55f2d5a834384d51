/** What a restart and a crash leave: the same tickets, the same order, the same places (L4). */
import assert from 'node:assert/strict'
import type { LineEngine, Visit } from '../../../src/waiting-room/index.ts'
import {
  allEnter,
  changes,
  countsOf,
  EVENT,
  enters,
  eventOf,
  type LineCase,
  type LineSubject,
  names,
  passes,
  people,
} from './subject.ts'

const ALL = [...people(30), 'late']

/** Somebody in every state; answers what each of them must find again. */
async function variety(subject: LineSubject): Promise<Map<string, Visit>> {
  const { engine } = subject
  await eventOf(subject, { cap: 4, claimMs: 600_000, undoMs: 60_000 })
  await allEnter(engine, people(30))
  await engine.done(EVENT, 'v1')
  await engine.leave(EVENT, 'v20')
  await passes(subject, 61_000)
  await engine.seen(EVENT, people(30).slice(10))
  await changes(engine, { cap: 6 })
  const admission = await engine.admit(EVENT, 5)
  assert.deepEqual([names(admission), admission.parked], [['v11', 'v12', 'v13'], 6])
  await engine.claim(EVENT, 'v11')
  await enters(engine, 'v6')
  await enters(engine, 'late')
  const visits = new Map<string, Visit>()
  for (const visitor of ALL) visits.set(visitor, await engine.status(EVENT, visitor))
  const states = new Set([...visits.values()].map(({ state }) => state))
  assert.deepEqual([...states].sort(), ['admitted', 'done', 'left', 'parked', 'ready', 'waiting'])
  return visits
}

async function found(engine: LineEngine, visits: ReadonlyMap<string, Visit>): Promise<void> {
  for (const [visitor, visit] of visits) assert.deepEqual(await engine.status(EVENT, visitor), visit)
}

export const survival: readonly LineCase[] = [
  {
    name: 'L4: a restart finds everybody in the same state, with the same ticket and place',
    needs: ['restart', 'advance'],
    async run(subject) {
      const visits = await variety(subject)
      const counts = await countsOf(subject.engine)
      const next = await subject.restart?.()
      assert.ok(next)
      await found(next, visits)
      assert.deepEqual(await countsOf(next), counts)
      await changes(next, { cap: 8 })
      assert.deepEqual(names(await next.admit(EVENT, 5)), ['v6', 'v14'], 'L2')
      const newcomer = await enters(next, 'new')
      assert.equal(newcomer.ticket, 32, 'no ticket is given twice')
    },
  },
  {
    name: 'L4: so does an engine that opens what a crash left',
    needs: ['crash', 'advance'],
    async run(subject) {
      const visits = await variety(subject)
      const counts = await countsOf(subject.engine)
      const next = await subject.crash?.()
      assert.ok(next)
      await found(next, visits)
      assert.deepEqual(await countsOf(next), counts)
    },
  },
  {
    name: 'after a restart everybody has the grace to show up again, and keeps the place meanwhile',
    needs: ['restart', 'advance'],
    async run(subject) {
      await eventOf(subject, { cap: 0, graceMs: 60_000 })
      await allEnter(subject.engine, people(50))
      const next = await subject.restart?.()
      assert.ok(next)
      await passes(subject, 30_000)
      for (const [i, visitor] of people(50).entries()) {
        assert.equal((await enters(next, visitor)).position, i + 1)
      }
      await changes(next, { cap: 50 })
      const admission = await next.admit(EVENT, 500)
      assert.deepEqual([names(admission), admission.parked], [people(50), 0])
    },
  },
  {
    name: 'the rate is kept over a restart: no minute gets more because a process ended',
    needs: ['restart', 'advance'],
    async run(subject) {
      await eventOf(subject, { cap: 100, ratePerMinute: 3 })
      await allEnter(subject.engine, people(6))
      const next = await subject.restart?.()
      assert.ok(next)
      assert.equal((await next.admit(EVENT, 10)).limitedBy, 'rate')
      assert.equal((await countsOf(next)).admitted, 3)
    },
  },
]
