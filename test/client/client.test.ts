/** The client: what it repeats, how long it waits, and what it makes of refusals. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeirClient, WeirClientError } from '../../src/client/index.ts'
import type { Clock } from '../../src/core/index.ts'

interface Seen {
  readonly body: { idempotencyKey?: string; messages?: { idempotencyKey?: string }[] }
}

/** A service that gives the answers in turn, and a clock that notes what it is asked to wait. */
function rig(answers: (Response | Error)[], options: { retries?: number; longestPauseMs?: number } = {}) {
  const seen: Seen[] = []
  const pauses: number[] = []
  const clock: Clock = {
    now: () => 0,
    after(delayMs, run) {
      pauses.push(delayMs)
      queueMicrotask(run)
      return () => {}
    },
  }
  let keys = 0
  const client = new WeirClient({
    baseUrl: 'http://weir.test',
    clock,
    random: () => 0.5,
    newKey: () => `key-${++keys}`,
    fetch: async (_url, init) => {
      seen.push({ body: JSON.parse(String(init?.body ?? '{}')) })
      const answer = answers.shift()
      if (answer instanceof Response) return answer
      throw answer ?? new Error('no answer left')
    },
    ...options,
  })
  return { client, seen, pauses }
}

const accepted = () => Response.json({ id: '1', type: 'MNP' }, { status: 202 })
const refused = (status: number, code: string, retryAfter?: string) =>
  new Response(JSON.stringify({ code, detail: 'because' }), {
    status,
    headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  })
const message = { type: 'MNP', content: 'x' }

test('Q7 a repeated send carries the same idempotency key', async () => {
  const { client, seen, pauses } = rig([
    new TypeError('fetch failed'),
    refused(503, 'overloaded'),
    accepted(),
  ])
  assert.equal((await client.send(message)).id, '1')
  assert.deepEqual(
    seen.map(({ body }) => body.idempotencyKey),
    ['key-1', 'key-1', 'key-1'],
  )
  assert.deepEqual(pauses, [150, 300])
})

test("a sender's own key is kept, and each message of a batch has one", async () => {
  const { client, seen } = rig([Response.json({ results: [] }, { status: 202 })])
  await client.sendBatch([message, { ...message, idempotencyKey: 'mine' }])
  assert.deepEqual(
    seen[0]?.body.messages?.map((item) => item.idempotencyKey),
    ['key-1', 'mine'],
  )
})

test('Retry-After is honoured with jitter, up to a bound', async () => {
  const patient = rig([refused(429, 'backlog_full', '7'), accepted()])
  await patient.client.send(message)
  assert.deepEqual(patient.pauses, [7700])
  const hurried = rig([refused(429, 'backlog_full', '60')], { longestPauseMs: 10_000 })
  await assert.rejects(hurried.client.send(message), {
    code: 'backlog_full',
    status: 429,
    retryAfterMs: 60_000,
  })
  assert.deepEqual(hurried.pauses, [])
})

test('tries are bounded, and what cannot help is not tried again', async () => {
  const gone = rig(
    Array.from({ length: 9 }, () => new TypeError('fetch failed')),
    { retries: 2 },
  )
  await assert.rejects(gone.client.send(message), { code: 'unreachable', status: 0 })
  assert.equal(gone.seen.length, 3)
  const wrong = rig([refused(400, 'invalid_body')])
  await assert.rejects(wrong.client.send(message), { code: 'invalid_body' })
  assert.equal(wrong.seen.length, 1)
  const deletion = rig([refused(503, 'overloaded')])
  await assert.rejects(deletion.client.deleteDeadLetter('1'), { code: 'overloaded' })
  assert.equal(deletion.seen.length, 1)
  const retry = rig([new TypeError('fetch failed'), refused(409, 'not_a_dead_letter')])
  await assert.rejects(retry.client.retryDeadLetter('1'), { code: 'unreachable' })
  assert.equal(retry.seen.length, 1)
})

test('an answer that is not ours is told as such', async () => {
  const { client } = rig([new Response('<html>', { status: 200 }), new Response('<html>', { status: 404 })])
  for (const _ of [1, 2]) {
    await assert.rejects(client.send(message), (error: unknown) => {
      return error instanceof WeirClientError && error.code === 'bad_answer' && !error.retryable
    })
  }
})
