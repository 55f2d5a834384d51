/** Grouping of calls: together when one is under way, never split, never without a bound. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Batches, Unusable } from '../../../src/engines/redis/batches.ts'

interface Sent {
  readonly items: readonly number[]
  answer(): void
  fail(error: Error): void
}

function rig(most = 10, waiting = 20) {
  const sent: Sent[] = []
  const batches = new Batches<number, string>({
    most,
    waiting,
    send: (items) =>
      new Promise((resolve, reject) => {
        sent.push({ items, answer: () => resolve(items.map((n) => `r${n}`)), fail: reject })
      }),
  })
  return { sent, batches }
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what arrives while a call is under way goes together in the next, each answered with its own', async () => {
  const { sent, batches } = rig()
  const first = batches.submit([1])
  await turn()
  const others = [batches.submit([2, 3]), batches.submit([4])]
  await turn()
  assert.equal(sent.length, 1)
  sent[0]?.answer()
  assert.deepEqual(await first, ['r1'])
  await turn()
  assert.deepEqual(sent[1]?.items, [2, 3, 4])
  sent[1]?.answer()
  assert.deepEqual(await Promise.all(others), [['r2', 'r3'], ['r4']])
})

test('a call is never split, and one that is larger than a group goes alone', async () => {
  const { sent, batches } = rig(3)
  const calls = [[1, 2], [3, 4], [5, 6, 7, 8], [9]].map((items) => batches.submit(items))
  for (let i = 0; i < 4; i++) {
    await turn()
    sent[i]?.answer()
  }
  await Promise.all(calls)
  assert.deepEqual(
    sent.map(({ items }) => items),
    [[1, 2], [3, 4], [5, 6, 7, 8], [9]],
  )
})

test('more than the bound is refused, and there is room again afterwards', async () => {
  const { sent, batches } = rig(10, 3)
  const first = batches.submit([1])
  await turn()
  const waits = batches.submit([2, 3])
  await assert.rejects(batches.submit([4, 5]), { code: 'storage_failed' })
  const fits = batches.submit([4])
  sent[0]?.answer()
  await first
  await turn()
  sent[1]?.answer()
  await Promise.all([waits, fits])
  await batches.idle()
})

test('a failure is everybody’s who was in that group, and nobody’s else', async () => {
  const { sent, batches } = rig()
  const failing = batches.submit([1])
  await turn()
  const later = batches.submit([2])
  sent[0]?.fail(new Error('away'))
  await assert.rejects(failing, /away/)
  await turn()
  sent[1]?.answer()
  assert.deepEqual(await later, ['r2'])
})

test('an unusable item costs its own call only; the others go again without it', async () => {
  const { sent, batches } = rig()
  const calls = [batches.submit([1]), batches.submit([2, 3]), batches.submit([4])]
  await turn()
  sent[0]?.fail(new Unusable('item 3', new Set([2])))
  await assert.rejects(calls[1] as Promise<unknown>, /item 3/)
  await turn()
  assert.deepEqual(sent[1]?.items, [1, 4])
  sent[1]?.answer()
  assert.deepEqual(await Promise.all([calls[0], calls[2]]), [['r1'], ['r4']])
  await batches.idle()
})
