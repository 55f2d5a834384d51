/** A load followed to its end: what counts as late there is what the judges allow for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planLoad } from '../../../src/lab/load/plan.ts'
import { drive } from '../../../src/lab/validate/drive.ts'
import { subjectOf } from '../../../src/lab/validate/subject.ts'
import { eventually } from '../../fixtures/process.ts'
import { experimentContext } from './experiment-context.ts'

const PACE = { ratePerSecond: 40, concurrency: 100 }
/** Sent at once; it comes out for a second and a half. */
const MESSAGES = 60
const STALL_MS = 400

test('clocks are late by the worst of the whole run, after the load too, and of what the back end wrote', async (t) => {
  const context = experimentContext((run) => t.after(run))
  const backend = { capacity: 200, serviceMs: 10, seed: 1 }
  const subject = await subjectOf(context, { backend, types: { ORDER: PACE } })
  const plan = planLoad({ requests: MESSAGES, concurrency: MESSAGES })
  const stalled = await drive(context, subject, {
    plan,
    drainLimitMs: 20_000,
    warmUp: 4,
    async meanwhile() {
      await eventually(
        async () => (((await subject.calls())?.length ?? 0) >= MESSAGES / 2 ? true : undefined),
        () => 'half of it to come out, when all of it has long been sent',
      )
      const until = performance.now() + STALL_MS
      while (performance.now() < until);
    },
  })
  assert.ok(stalled.drained)
  assert.equal(stalled.calls?.length, MESSAGES)
  assert.ok(stalled.lateMs >= STALL_MS - 50, `${stalled.lateMs} ms`)

  // As of a service that was running: nobody to ask, only a record.
  const outside = {
    ...subject,
    lateMs: () => Promise.resolve(null),
    async calls() {
      const calls = (await subject.calls()) ?? []
      return calls.map((call, i) => (i === calls.length - 1 ? { ...call, lateMs: 12_345 } : call))
    },
  }
  const told = await drive(context, outside, { plan, drainLimitMs: 20_000 })
  assert.equal(told.lateMs, 12_345)
})
