/** Emptying the line: counted before it is done, and tickets of before are void. */
import assert from 'node:assert/strict'
import type { LineNews } from '../../../src/waiting-room/index.ts'
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

export const clearing: readonly LineCase[] = [
  {
    name: 'a dry run counts those it would hit and changes nothing',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 2 })
      await allEnter(engine, people(6))
      const counts = await countsOf(engine)
      const dry = await engine.clear(EVENT, { active: true, dryRun: true })
      assert.deepEqual(dry, { waiting: 4, registered: 0, parked: 0, active: 2, epoch: 1 })
      assert.deepEqual(await countsOf(engine), counts)
    },
  },
  {
    name: 'those in the line are out, those inside stay, and the next ones get tickets never given before',
    async run(subject) {
      const { engine } = subject
      const news: LineNews[] = []
      engine.follow((one) => news.push(one))
      await eventOf(subject, { cap: 2 })
      await allEnter(engine, people(6))
      const cleared = await engine.clear(EVENT, { active: false, dryRun: false })
      assert.deepEqual(cleared, { waiting: 4, registered: 0, parked: 0, active: 0, epoch: 2 })
      assert.deepEqual(await statesOf(engine, ['v1', 'v2', 'v3', 'v6']), [
        'admitted',
        'admitted',
        'none',
        'none',
      ])
      const again = await enters(engine, 'v6')
      assert.deepEqual([again.ticket, again.position, again.epoch], [7, 1, 2])
      const counts = await countsOf(engine)
      assert.deepEqual([counts.cleared, counts.waiting, counts.admitted], [4, 1, 2])
      const told = news.filter(({ kind }) => kind === 'cleared')
      assert.deepEqual(told, [{ kind: 'cleared', event: EVENT, epoch: 2, active: false }])
      await engine.done(EVENT, 'v1')
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v6'])
    },
  },
  {
    name: 'asked to, it empties the places as well',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 2 })
      await allEnter(engine, people(3))
      await engine.clear(EVENT, { active: true, dryRun: false })
      assert.deepEqual(await statesOf(engine, people(3)), ['none', 'none', 'none'])
      assert.equal((await countsOf(engine)).cleared, 3)
      assert.equal((await enters(engine, 'v3')).state, 'admitted')
    },
  },
  {
    name: 'a called visitor who is kept can still claim, be parked and be called again',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0, claimMs: 30_000 })
      await allEnter(engine, people(4))
      await changes(engine, { cap: 2 })
      await engine.admit(EVENT, 5)
      await engine.clear(EVENT, { active: false, dryRun: false })
      assert.equal((await engine.claim(EVENT, 'v1')).state, 'admitted')
      await passes(subject, 31_000)
      const back = await enters(engine, 'v2')
      assert.deepEqual([back.state, back.ticket], ['waiting', 2])
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v2'])
    },
  },
  {
    name: 'L4: after a clearing a restart brings nobody back and loses nobody',
    needs: ['restart'],
    async run(subject) {
      const { engine, restart } = subject
      await eventOf(subject, { cap: 2 })
      await allEnter(engine, people(40))
      await engine.clear(EVENT, { active: false, dryRun: false })
      await allEnter(engine, ['new', 'v5'])
      const counts = await countsOf(engine)
      const next = await restart?.()
      assert.ok(next)
      assert.deepEqual(await countsOf(next), counts)
      assert.deepEqual(await statesOf(next, ['v1', 'v2', 'v3', 'new', 'v5']), [
        'admitted',
        'admitted',
        'none',
        'waiting',
        'waiting',
      ])
      assert.equal((await next.status(EVENT, 'v5')).position, 2)
    },
  },
  {
    name: 'a pre-queue that is emptied begins its list anew under the same promise',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0 })
      await engine.prequeue(EVENT, 'ab'.repeat(32), null)
      await allEnter(engine, people(5))
      const before = (await engine.snapshot(EVENT))?.draw
      await engine.clear(EVENT, { active: false, dryRun: false })
      await allEnter(engine, ['v2', 'v1', 'v9'])
      const draw = await engine.open(EVENT, '')
      assert.deepEqual([draw?.count, draw?.commitment], [3, before?.commitment])
      assert.equal((await countsOf(engine)).waiting, 3)
    },
  },
]
