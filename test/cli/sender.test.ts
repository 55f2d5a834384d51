/** Reading and sending many messages: what is sent again, and what is left when reading breaks. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { readMessageLines } from '../../src/cli/message-lines.ts'
import { sendAll } from '../../src/cli/sender.ts'
import { WeirClient } from '../../src/client/index.ts'
import type { Clock } from '../../src/core/index.ts'

/** A service that refuses so many whole batches and takes the rest; the client itself repeats nothing. */
function rig(refusals: number, retryAfter: string) {
  const pauses: number[] = []
  const keys: string[][] = []
  const clock: Clock = {
    now: () => 0,
    after(delayMs, run) {
      pauses.push(delayMs)
      queueMicrotask(run)
      return () => {}
    },
  }
  let made = 0
  const newKey = () => `key-${++made}`
  const client = new WeirClient({
    baseUrl: 'http://weir.test',
    clock,
    random: () => 0.5,
    newKey,
    retries: 0,
    fetch: async (_url, init) => {
      const { messages } = JSON.parse(String(init?.body)) as { messages: { idempotencyKey: string }[] }
      keys.push(messages.map((message) => message.idempotencyKey))
      if (keys.length > refusals) {
        return Response.json({ results: messages.map(() => ({ status: 'accepted', id: 'x' })) })
      }
      const headers = { 'retry-after': retryAfter }
      return Response.json({ code: 'overloaded', detail: 'later' }, { status: 503, headers })
    },
  })
  return { options: { client, clock, newKey, batchSize: 2, parallel: 1 }, pauses, keys }
}

async function* texts(lines: number, fault?: Error) {
  for (let line = 0; line < lines; line++) yield '{"type":"MNP","content":"x"}\n'
  if (fault) throw fault
}

test('a batch refused for now as a whole is sent again with the same keys, in bounds', async () => {
  const never = () => assert.fail('reading is whole')
  const patient = rig(2, '60')
  const report = await sendAll(readMessageLines(Readable.from(texts(2)), never), patient.options)
  assert.deepEqual([report.accepted, report.refused, report.failed], [2, 0, 0])
  assert.deepEqual(patient.keys, Array(3).fill(['key-1', 'key-2']))
  assert.deepEqual(patient.pauses, [30_000, 30_000])
  const hopeless = rig(99, '1')
  const end = await sendAll(readMessageLines(Readable.from(texts(2)), never), hopeless.options)
  assert.deepEqual([end.accepted, end.refused + end.failed, hopeless.keys.length], [0, 2, 5])
})

test('reading breaks midway: what was read is sent and accounted for', { timeout: 10_000 }, async () => {
  const broken: Error[] = []
  const fault = new Error('disk gone')
  const input = Readable.from(texts(3, fault))
  const { options } = rig(0, '1')
  const report = await sendAll(
    readMessageLines(input, (error) => broken.push(error)),
    options,
  )
  assert.deepEqual(broken, [fault])
  assert.deepEqual([report.read, report.accepted], [3, 3])
})
