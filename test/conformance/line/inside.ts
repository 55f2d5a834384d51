/** Inside: a lease that slides with use, a hard end, and places that come free. */
import assert from 'node:assert/strict'
import {
  allEnter,
  countsOf,
  EVENT,
  enters,
  eventOf,
  type LineCase,
  names,
  passes,
  stateOf,
} from './subject.ts'

const LEASE = { cap: 1, leaseMs: 60_000, hardMs: 150_000, graceMs: 3_600_000 }

export const inside: readonly LineCase[] = [
  {
    name: 'a lease that is not renewed ends and frees the place',
    needs: ['advance'],
    async run(subject) {
      const { engine, now } = subject
      await eventOf(subject, LEASE)
      const visit = await enters(engine, 'v1')
      assert.ok(Math.abs((visit.until ?? 0) - now() - 60_000) < 1_000)
      assert.ok(Math.abs((visit.hardEnd ?? 0) - now() - 150_000) < 1_000)
      await enters(engine, 'v2')
      await passes(subject, 59_000)
      assert.equal(await stateOf(engine, 'v1'), 'admitted')
      await passes(subject, 1_500)
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v2'])
      assert.equal(await stateOf(engine, 'v1'), 'expired')
      assert.equal((await engine.renew(EVENT, 'v1')).state, 'expired', 'too late')
    },
  },
  {
    name: 'use renews the lease, up to the hard end and not beyond',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, LEASE)
      const { hardEnd } = await enters(engine, 'v1')
      await passes(subject, 50_000)
      const renewed = await engine.renew(EVENT, 'v1')
      assert.ok((renewed.until ?? 0) < (hardEnd ?? 0))
      await passes(subject, 50_000)
      const again = await enters(engine, 'v1')
      assert.deepEqual([again.state, again.until, again.hardEnd], ['admitted', hardEnd, hardEnd])
      await passes(subject, 49_000)
      assert.equal((await engine.renew(EVENT, 'v1')).state, 'admitted')
      await passes(subject, 1_500)
      assert.equal(await stateOf(engine, 'v1'), 'expired')
    },
  },
  {
    name: 'done frees the place at once, once; claiming, renewing and leaving after it change nothing',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, LEASE)
      await allEnter(engine, ['v1', 'v2'])
      assert.equal((await engine.done(EVENT, 'v1')).state, 'done')
      for (const step of ['done', 'claim', 'renew', 'leave', 'undo'] as const) {
        assert.equal((await engine[step](EVENT, 'v1')).state, 'done', step)
      }
      const counts = await countsOf(engine)
      assert.deepEqual([counts.done, counts.admitted, counts.left], [1, 0, 0])
      assert.deepEqual(names(await engine.admit(EVENT, 5)), ['v2'])
    },
  },
  {
    name: 'steps of somebody who is not there change nothing',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, LEASE)
      await allEnter(engine, ['v1', 'v2'])
      for (const step of ['done', 'claim', 'renew', 'leave', 'undo'] as const) {
        const visit = await engine[step](EVENT, 'stranger')
        assert.deepEqual([visit.state, visit.position, visit.ticket], ['none', 0, undefined], step)
      }
      for (const step of ['done', 'claim', 'renew', 'undo'] as const) {
        assert.equal((await engine[step](EVENT, 'v2')).state, 'waiting', step)
      }
      assert.deepEqual((await countsOf(engine)).entered, 2)
    },
  },
  {
    name: 'who has been inside may come again, with a new ticket at the end',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, LEASE)
      await allEnter(engine, ['v1', 'v2'])
      await engine.done(EVENT, 'v1')
      const again = await enters(engine, 'v1')
      assert.deepEqual([again.state, again.ticket, again.position], ['waiting', 3, 2])
      assert.equal((await countsOf(engine)).entered, 3)
    },
  },
  {
    name: 'how a visit ended can be looked up for a while, then it is forgotten and the counts are not',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { ...LEASE, retentionMs: 100_000 })
      await enters(engine, 'v1')
      await engine.done(EVENT, 'v1')
      await passes(subject, 99_000)
      assert.equal(await stateOf(engine, 'v1'), 'done')
      await passes(subject, 1_500)
      assert.equal(await stateOf(engine, 'v1'), 'none')
      assert.equal((await countsOf(engine)).done, 1)
    },
  },
]
