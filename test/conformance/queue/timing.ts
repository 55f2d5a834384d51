/** Delays, times to live, retention, and being woken. */
import assert from 'node:assert/strict'
import {
  accepted,
  type Case,
  countsOf,
  eventually,
  ids,
  message,
  onRecord,
  pass,
  request,
  SOON_MS,
  settleOne,
  stateOf,
  TYPE,
  takeOne,
  until,
} from '../subject.ts'

export const timing: readonly Case[] = [
  {
    name: 'a delayed message is not handed out before its moment, and then it is',
    abilities: ['delay'],
    async run(subject) {
      const { engine, now } = subject
      const availableAt = now() + SOON_MS
      const id = await accepted(engine, { availableAt })
      until(subject, availableAt, () => assert.equal(countsOf(engine).delayed, 1))
      const delivery = await eventually(subject, 'its moment', async () => (await engine.take(request()))[0])
      assert.equal(delivery.lease.id, id)
      assert.ok(delivery.takenAt >= availableAt)
      assert.equal(countsOf(engine).delayed, 0)
    },
  },
  {
    name: 'a delayed message joins the line when its moment comes, not when it was accepted',
    abilities: ['delay'],
    async run(subject) {
      const { engine, now } = subject
      // Whoever has asked once hears of what comes.
      assert.deepEqual(await engine.take(request()), [])
      // An engine may be late, by a second at most: less than lies between the two.
      const [soon, later] = [now() + SOON_MS, now() + SOON_MS + 1_500]
      const delayed = await accepted(engine, { availableAt: later })
      const sooner = await accepted(engine, { availableAt: soon })
      const before = await accepted(engine)
      const isInTime = now() < soon
      await eventually(subject, 'the first moment', async () => countsOf(engine).delayed < 2)
      const isApart = now() < later
      await eventually(subject, 'the second moment', async () => countsOf(engine).delayed === 0)
      const after = await accepted(engine)
      const [last, ...others] = ids(await engine.take(request())).reverse()
      assert.equal(last, after)
      const line = [before, sooner, delayed]
      // Where the machine stood still over a moment, nobody knows who came first.
      if (isInTime && isApart) assert.deepEqual(others.reverse(), line)
      else assert.deepEqual(others.sort(), line.sort())
    },
  },
  {
    name: 'a moment that has passed is no delay',
    async run({ engine, now }) {
      const id = await accepted(engine, { availableAt: now() - 1 })
      assert.deepEqual(ids(await engine.take(request())), [id])
    },
  },
  {
    name: 'an expired message is not handed out, and those behind it are',
    async run({ engine, now }) {
      const past: string[] = []
      for (let i = 0; i < 12; i++) past.push(await accepted(engine, { expiresAt: now() - 1 }))
      const living = await accepted(engine, { expiresAt: now() + 60_000 })
      const [delivery, ...others] = await engine.take(request({ max: 2 }))
      assert.deepEqual([delivery?.lease.id, others.length], [living, 0])
      assert.ok(delivery?.expiresAt !== undefined)
    },
  },
  {
    name: 'Q2: what expires ends as expired by itself, waiting or delayed, and is counted',
    abilities: ['browse'],
    needs: ['unattended'],
    async run(subject) {
      const { engine, now } = subject
      const waiting = await accepted(engine, { expiresAt: now() + 40 })
      const delayed = await accepted(engine, { expiresAt: now() + 40, availableAt: now() + 60_000 })
      await eventually(subject, 'both expiries', async () => countsOf(engine).expired === 2)
      assert.deepEqual(
        [await stateOf(engine, waiting), await stateOf(engine, delayed)],
        ['expired', 'expired'],
      )
      assert.deepEqual(await engine.take(request()), [])
      assert.equal(countsOf(engine).departed, 0)
    },
  },
  {
    name: 'Q2: what has expired, waiting or delayed, ends as expired when somebody takes, and is counted',
    async run(subject) {
      const { engine, now } = subject
      await accepted(engine, { expiresAt: now() + 40 })
      await accepted(engine, { expiresAt: now() + 40, availableAt: now() + 60_000 })
      await pass(subject, 41)
      await eventually(subject, 'both expiries', async () => {
        assert.deepEqual(await engine.take(request()), [])
        return countsOf(engine).expired === 2
      })
      assert.equal(countsOf(engine).departed, 0)
    },
  },
  {
    name: 'what expires while it is worked on may still be done, but is not tried again',
    async run(subject) {
      const { engine, now } = subject
      const expiresAt = now() + SOON_MS
      const done = await accepted(engine, { expiresAt })
      const failed = await accepted(engine, { expiresAt })
      const [one, two] = await engine.take(request())
      // On a machine that stood still for so long they were not handed out any more.
      if (now() >= expiresAt) return
      assert.ok(one && two)
      await pass(subject, SOON_MS + 1)
      assert.equal(await settleOne(engine, one), 'settled')
      await settleOne(engine, two, { kind: 'retry', delayMs: 10, error: 'later', counts: true })
      await eventually(subject, 'its end', async () => {
        assert.deepEqual(await engine.take(request()), [])
        return countsOf(engine).expired === 1
      })
      assert.equal(countsOf(engine).done, 1)
      await onRecord(engine, async () => {
        assert.deepEqual([await stateOf(engine, done), await stateOf(engine, failed)], ['done', 'expired'])
      })
    },
  },
  {
    name: 'Q2: after the retention a finished message is forgotten, its count is not; a dead letter stays',
    abilities: ['browse'],
    needs: ['advance', 'recount', 'effects'],
    async run({ engine, now, advance, recount, effects, retentionMs }) {
      const done = await accepted(engine)
      const rejected = await accepted(engine)
      const dead = await accepted(engine)
      const expired = await accepted(engine, { expiresAt: now() - 1 })
      const [one, two, three] = await engine.take(request())
      assert.ok(one && two && three)
      await effects?.apply({ id: done, result: 1, writes: [] })
      await settleOne(engine, one)
      await settleOne(engine, two, { kind: 'rejected', reason: 'unpaid' })
      await settleOne(engine, three, { kind: 'dead', error: 'malformed' })
      await advance?.(retentionMs - 1)
      assert.equal(await stateOf(engine, done), 'done')
      assert.deepEqual(await effects?.applied(done), { result: 1 })
      await advance?.(1000)
      for (const id of [done, rejected, expired]) assert.equal(await engine.find(id), undefined)
      assert.equal(await effects?.applied(done), undefined)
      assert.equal(await stateOf(engine, dead), 'dead')
      const counts = countsOf(engine)
      assert.deepEqual([counts.done, counts.rejected, counts.expired, counts.dead], [1, 1, 1, 1])
      const stored = (await recount?.())?.[TYPE]
      assert.deepEqual([stored?.done, stored?.rejected, stored?.expired, stored?.dead], [0, 0, 0, 1])
    },
  },
  {
    name: 'onReady wakes for a publish, a ripe delay, a retry and a freed key',
    abilities: ['delay', 'orderingKey'],
    async run(subject) {
      const { engine, now } = subject
      let woken = 0
      const off = engine.onReady((types) => {
        if (types.has(TYPE)) woken++
      })
      const wakes = async (what: string, cause: () => Promise<unknown>) => {
        const before = woken
        await cause()
        await eventually(subject, what, async () => woken > before)
      }
      await wakes('a publish', () => accepted(engine))
      const [delivery] = await engine.take(request())
      assert.ok(delivery)
      await wakes('a retry', () =>
        settleOne(engine, delivery, { kind: 'retry', delayMs: 30, error: 'later', counts: false }),
      )
      await settleOne(engine, await takeOne(engine))
      await wakes('a delay', () => accepted(engine, { availableAt: now() + 40 }))
      await settleOne(engine, await takeOne(engine))
      await engine.publish([message({ orderingKey: 'k' }), message({ orderingKey: 'k' })])
      const head = await takeOne(engine)
      await wakes('a freed key', () => settleOne(engine, head))
      off()
      const after = woken
      await accepted(engine)
      assert.equal(woken, after, 'off is off')
    },
  },
  {
    name: 'a listener that throws harms neither the publish nor the other listeners',
    async run({ engine }) {
      let heard = false
      engine.onReady(() => {
        throw new Error('a careless listener')
      })
      engine.onReady(() => {
        heard = true
      })
      await accepted(engine)
      assert.ok(heard)
    },
  },
]
