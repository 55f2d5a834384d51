/**
 * The framing that the k6 script speaks, loaded as it is, over a plain WebSocket against the real server. The script
 * itself needs k6 and is only checked for what Node can check: that it parses.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { eventually, withLimit } from '../../fixtures/process.ts'
import { liveRoom } from './live-room.ts'

const K6 = join(import.meta.dirname, '..', '..', '..', 'bench', 'k6')

interface Frame {
  readonly kind: string
  readonly name?: string
  readonly ack?: number
  // Tests look into payloads field by field.
  readonly payload?: Record<string, unknown>
}

interface Framing {
  socketUrl(apiUrl: string): string
  connectFrame(auth: object): string
  eventFrame(name: string, payload: unknown, ack?: number): string
  parseFrame(text: string): Frame
  answerTo(frame: Frame, auth: object): string | undefined
}

const framing = (await import(join(K6, 'framing.js'))) as Framing

/** A visitor as the script is one: HTTP, and frames by hand. */
async function visitorOf(t: TestContext, url: string, n: number) {
  const post = async (path: string, body?: object, token?: string) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body ?? {}) })
    return (await answer.json()) as Record<string, unknown>
  }
  const account = { email: `loadtest${n}@test.com`, password: 'Test1234!', name: `Load test ${n}` }
  const { token, user } = await post('/api/auth/register', account)
  const place = await post('/api/queue/check/1', undefined, String(token))
  const frames: Frame[] = []
  const socket = new WebSocket(framing.socketUrl(url))
  t.after(() => socket.close())
  const listen = (auth: object) =>
    socket.addEventListener('message', ({ data }) => {
      const frame = framing.parseFrame(String(data))
      frames.push(frame)
      const answer = framing.answerTo(frame, auth)
      if (answer) socket.send(answer)
      if (frame.kind === 'connected') socket.send(framing.eventFrame('join-queue', { eventId: '1' }, 0))
    })
  const heard = (what: string, is: (frame: Frame) => boolean) =>
    eventually(
      () => frames.find(is),
      () => `${what} among ${JSON.stringify(frames)}`,
      20_000,
    )
  return {
    ...{ place, socket, listen, heard },
    token: String(token),
    visitor: (user as { userId: string }).userId,
    claim: () => post('/api/queue/claim/1', undefined, String(token)),
    done: () => post('/api/queue/done/1', undefined, String(token)),
  }
}

test('the script’s framing: connected, joined and acknowledged, told the place, called, and let in', async (t) => {
  const { url } = await liveRoom(t, { door: { cap: 1 } })
  const first = await visitorOf(t, url, 1)
  assert.equal(first.place.queued, false)
  const second = await visitorOf(t, url, 2)
  second.listen({ token: second.token, eventId: '1' })
  await second.heard('the opening', ({ kind }) => kind === 'open')
  const { ack, payload } = await second.heard('the acknowledgement', ({ kind }) => kind === 'ack')
  assert.deepEqual([ack, payload?.ok, payload?.position, payload?.ticket], [0, true, 1, 2])
  const isEvent = (wanted: string) => (frame: Frame) => frame.kind === 'event' && frame.name === wanted
  const restored = await second.heard('the place', isEvent('session-restored'))
  assert.deepEqual([restored.payload?.userId, restored.payload?.ticket], [second.visitor, 2])
  await second.heard('a frame', isEvent('queue-updated'))
  await first.done()
  const called = await second.heard('the call', isEvent('queue-entry-allowed'))
  assert.equal(called.payload?.userId, second.visitor)
  assert.equal((await second.claim()).state, 'admitted')
})

test('the script’s framing: a wrong token is refused in words', async (t) => {
  const { url } = await liveRoom(t)
  const visitor = await visitorOf(t, url, 1)
  visitor.listen({ token: 'none of ours' })
  const refused = await visitor.heard('the refusal', ({ kind }) => kind === 'refused')
  assert.equal(refused.payload?.message, 'Invalid authentication token')
})

test('the script’s framing: a ping is answered, and whatever else comes is no fault', () => {
  const auth = { token: 't' }
  assert.equal(framing.answerTo(framing.parseFrame('2'), auth), '3')
  assert.equal(framing.answerTo(framing.parseFrame('0{"sid":"x"}'), auth), '40{"token":"t"}')
  assert.equal(framing.eventFrame('join-queue', { eventId: '1' }), '42["join-queue",{"eventId":"1"}]')
  for (const text of ['', '4', '42', '42{"a":1}', '42[', '9', '6', '451-["x"]', 'x'])
    assert.equal(framing.parseFrame(text).kind, 'unknown', text)
  assert.deepEqual(framing.parseFrame('41').kind, 'disconnected')
})

test('the script parses', async () => {
  const checked = promisify(execFile)(process.execPath, ['--check', join(K6, 'waiting-room.js')])
  await withLimit(checked, 30_000, () => 'node --check')
})
