import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { rig } from './rig.ts'

/** An object, since a promise alone would be waited for with the connection. */
interface Opened {
  /** What the server said until it closed; heard from the beginning, since it may close before anybody asks. */
  readonly answer: Promise<string>
}

async function open(t: TestContext, port: number, sent: string): Promise<Opened> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  const answer = new Promise<string>((resolve) => {
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    socket.once('close', () => resolve(text))
  })
  await once(socket, 'connect')
  socket.write(sent)
  return { answer }
}

const answerOf = ({ answer }: Opened): Promise<string> => answer

test('a thousand slow sockets do not stop /health, and are closed when their time is over', async (t) => {
  const r = await rig(t, { headersTimeoutMs: 1_500, requestTimeoutMs: 2_000 })
  const { port, url } = await r.gateway.start()
  const slow = await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      open(
        t,
        port,
        i % 2 === 0
          ? 'POST /api/message HTTP/1.1\r\nHost: x\r\nX-'
          : 'POST /api/message HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
      ),
    ),
  )
  const answer = await fetch(`${url}/health`)
  assert.equal(answer.status, 200)
  const texts = await Promise.all(slow.map(answerOf))
  // A connection that is closed with bytes of it unread is reset, and the answer is lost with it.
  const answers = texts.filter((text) => text !== '')
  assert.ok(answers.length > 0)
  for (const text of answers) assert.match(text, /^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/)
  assert.equal(r.engine.records.size, 0)
})

test('broken HTTP and headers too large are refused in the same shape', async (t) => {
  const r = await rig(t, { headerBytes: 4096 })
  const { port } = await r.gateway.start()
  const broken = await answerOf(await open(t, port, 'this is not HTTP\r\n\r\n'))
  assert.match(broken, /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"code":"malformed_request"/)
  const large = await answerOf(
    await open(t, port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9000)}\r\n\r\n`),
  )
  assert.match(large, /^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/)
  const korean = await rig(t, {}, { defaultLanguage: 'ko' })
  const other = await korean.gateway.start()
  assert.match(await answerOf(await open(t, other.port, 'x\r\n\r\n')), /"성공":false/)
})

test('connections beyond the limit are closed at once', async (t) => {
  const r = await rig(t, { maxConnections: 2 })
  const { port } = await r.gateway.start()
  await open(t, port, '')
  await open(t, port, '')
  assert.equal(await answerOf(await open(t, port, 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n')), '')
})

test('stop finishes what is under way, takes nothing new, and may be called twice (S1)', async (t) => {
  const r = await rig(t)
  const { url, port } = await r.gateway.start()
  assert.equal((await r.gateway.start()).port, port)
  await (await fetch(`${url}/health`)).text()
  const disk = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  r.engine.sync = () => {
    reached.resolve()
    return disk.promise
  }
  const body = JSON.stringify({ type: 'MNP', content: 'a' })
  const headers = { 'content-type': 'application/json' }
  const underWay = fetch(`${url}/api/message`, { method: 'POST', body, headers })
  await reached.promise
  const stopped = r.gateway.stop()
  assert.equal(r.gateway.stop(), stopped)
  await assert.rejects(fetch(`http://127.0.0.1:${port}/health`, { headers: { connection: 'close' } }))
  disk.resolve()
  assert.equal((await underWay).status, 202)
  await stopped
})

test('stop does not wait for connections that never asked anything (S1)', async (t) => {
  const r = await rig(t, { stopTimeoutMs: 2 ** 31 })
  const { port } = await r.gateway.start()
  const { answer: closed } = await open(t, port, '')
  // A connection that was answered shows that the silent one before it was seen by the server, too.
  await answerOf(await open(t, port, 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))
  await r.gateway.stop()
  await closed
})

test('a gateway that never started can be stopped (S1)', async (t) => {
  const r = await rig(t)
  await r.gateway.stop()
  await r.gateway.stop()
})
