/** The pre-queue: registering, a draw that everybody can check, and the opening. */
import assert from 'node:assert/strict'
import { type Draw, type LineEngine, verifyDraw } from '../../../src/waiting-room/index.ts'
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
  people,
  stateOf,
} from './subject.ts'

const SECRET = '5ec7e7'.padEnd(64, '0')

async function begins({ engine }: LineSubject): Promise<string> {
  const begun = await engine.prequeue(EVENT, SECRET, null)
  assert.ok(begun)
  return begun.commitment
}

/** Everybody of the list who waits, in the order of places. */
async function order(engine: LineEngine, visitors: readonly string[]): Promise<string[]> {
  const visits = await Promise.all(visitors.map((visitor) => engine.status(EVENT, visitor)))
  const waiting = visits.filter(({ state }) => state === 'waiting')
  return waiting.sort((a, b) => a.position - b.position).map(({ visitor }) => visitor)
}

/** The visitors in the order of their numbers, from the audit trail. */
async function registered(engine: LineEngine): Promise<string[]> {
  const entries = (await engine.audit(0, 1000)).filter(({ cause }) => cause === 'register')
  return entries.sort((a, b) => (a.ticket ?? 0) - (b.ticket ?? 0)).map(({ visitor }) => visitor ?? '')
}

/** Everybody who waits has the ticket that the draw gives the own number, and finds that out from both alone. */
async function followNumbers(engine: LineEngine, draw: Draw, visitors: readonly string[]): Promise<void> {
  const verdict = verifyDraw(draw, await registered(engine))
  assert.ok(verdict.ok)
  const visits = await Promise.all(visitors.map((visitor) => engine.status(EVENT, visitor)))
  for (const { state, number = 0, ticket } of visits) {
    assert.equal(state, 'waiting')
    assert.equal(ticket, verdict.tickets[number - draw.first])
  }
}

export const prequeue: readonly LineCase[] = [
  {
    name: 'before the opening everybody is registered, nobody has a ticket or a place, nobody is let in',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject)
      const commitment = await begins(subject)
      const visits = await allEnter(engine, people(4))
      for (const [i, { state, number, ticket, position }] of visits.entries()) {
        assert.deepEqual([state, number, ticket, position], ['registered', i + 1, undefined, 0])
      }
      const again = await engine.enter(EVENT, 'v1')
      assert.ok(again.kind === 'in' && !again.changed)
      assert.deepEqual((await engine.admit(EVENT, 10)).limitedBy, 'prequeue')
      const snapshot = await engine.snapshot(EVENT)
      assert.equal(snapshot?.frame.mode, 'prequeue')
      assert.deepEqual(
        [snapshot?.draw?.commitment, snapshot?.draw?.count, snapshot?.draw?.revealed],
        [commitment, 4, undefined],
      )
      assert.doesNotMatch(JSON.stringify(snapshot), new RegExp(SECRET), 'the secret is not told')
      assert.equal((await countsOf(engine)).registered, 4)
    },
  },
  {
    name: 'the opening draws the order, and anybody can recompute it from what is published',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await allEnter(engine, ['before'])
      await engine.leave(EVENT, 'before')
      const commitment = await begins(subject)
      const all = people(30)
      await allEnter(engine, all)
      const draw = await engine.open(EVENT, 'drand 4711')
      assert.ok(draw)
      assert.deepEqual(draw.revealed, { secret: SECRET, beacon: 'drand 4711' })
      assert.deepEqual([draw.commitment, draw.count], [commitment, 30])
      assert.deepEqual((await engine.snapshot(EVENT))?.draw, draw)
      const verdict = verifyDraw(draw, await registered(engine))
      assert.ok(verdict.ok)
      const drawn = all.toSorted((a, b) => {
        return (verdict.tickets[all.indexOf(a)] ?? 0) - (verdict.tickets[all.indexOf(b)] ?? 0)
      })
      assert.deepEqual(await order(engine, all), drawn)
      assert.notDeepEqual(drawn, all)
      await followNumbers(engine, draw, all)
      await changes(engine, { cap: 7 })
      assert.deepEqual(names(await engine.admit(EVENT, 10)), drawn.slice(0, 7), 'L2')
    },
  },
  {
    name: 'whoever comes after the opening stands behind all who registered',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await begins(subject)
      await allEnter(engine, people(10))
      await engine.open(EVENT, '')
      const late = await enters(engine, 'late')
      assert.deepEqual([late.position, late.number, late.ticket], [11, 11, 11])
      assert.equal(await engine.open(EVENT, ''), undefined, 'it is opened once')
    },
  },
  {
    name: 'who leaves before the opening takes no place; an undo before or after it keeps the number drawn',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await begins(subject)
      const all = people(12)
      await allEnter(engine, all)
      for (const visitor of ['v3', 'v4', 'v5']) await engine.leave(EVENT, visitor)
      assert.equal((await engine.undo(EVENT, 'v4')).state, 'registered')
      const draw = await engine.open(EVENT, '')
      assert.ok(draw)
      assert.equal((await order(engine, all)).length, 10)
      const undone = await engine.undo(EVENT, 'v5')
      assert.equal(undone.state, 'waiting')
      const verdict = verifyDraw(draw, all)
      assert.ok(verdict.ok)
      assert.equal(undone.ticket, verdict.tickets[4])
      const counts = await countsOf(engine)
      assert.deepEqual([counts.waiting, counts.left, counts.registered], [11, 1, 0])
    },
  },
  {
    name: 'a pre-queue begins only when nobody waits, and only prequeue and open begin and end it',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await enters(engine, 'v1')
      assert.equal(await engine.prequeue(EVENT, SECRET, null), false)
      assert.equal(await engine.prequeue('nowhere', SECRET, null), false)
      await assert.rejects(engine.change(EVENT, { mode: 'prequeue' }), { code: 'invalid_setting' })
      await assert.rejects(engine.prequeue(EVENT, 'short', null), { code: 'invalid_setting' })
      await engine.leave(EVENT, 'v1')
      await begins(subject)
      await assert.rejects(engine.change(EVENT, { mode: 'open' }), { code: 'invalid_setting' })
      await changes(engine, { cap: 5 })
      await enters(engine, 'v2')
      assert.equal(await engine.prequeue(EVENT, SECRET, null), false, 'somebody is registered')
      assert.equal(await stateOf(engine, 'v2'), 'registered')
    },
  },
  {
    name: 'L4: a ticket drawn for one who had just left outlives the next pre-queue and a restart',
    needs: ['restart'],
    async run(subject) {
      const { engine, restart } = subject
      await eventOf(subject, { cap: 0, undoMs: 60_000 })
      await begins(subject)
      await allEnter(engine, ['stays', 'leaves'])
      await engine.leave(EVENT, 'leaves')
      await engine.open(EVENT, '')
      await changes(engine, { cap: 1 })
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['stays'])
      const { ticket } = await engine.status(EVENT, 'leaves')
      await begins(subject)
      const next = await restart?.()
      const undone = await next?.undo(EVENT, 'leaves')
      assert.deepEqual([undone?.state, undone?.ticket], ['waiting', ticket])
    },
  },
  {
    name: 'L4: a restart before, and one after the opening, change neither numbers nor order',
    needs: ['restart'],
    async run(subject) {
      const { engine, restart } = subject
      await eventOf(subject, { cap: 0 })
      await begins(subject)
      const all = people(20)
      await allEnter(engine, all.slice(0, 10))
      const second = await restart?.()
      assert.ok(second)
      await allEnter(second, all.slice(10))
      await second.leave(EVENT, 'v15')
      const draw = await second.open(EVENT, 'beacon')
      assert.ok(draw)
      const before = await order(second, all)
      assert.equal(before.length, 19)
      const third = await restart?.()
      assert.ok(third)
      assert.deepEqual(await order(third, all), before)
      const verdict = verifyDraw(draw, await registered(third))
      assert.ok(verdict.ok, 'the list is complete over the restart')
      await followNumbers(
        third,
        draw,
        all.filter((visitor) => visitor !== 'v15'),
      )
      await changes(third, { cap: 4 })
      assert.deepEqual(names(await third.admit(EVENT, 10)), before.slice(0, 4))
    },
  },
]
