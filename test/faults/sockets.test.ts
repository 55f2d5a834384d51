/** Clients that misbehave at the socket, a thousand of them, hurt only themselves. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { eventually, type ServiceProcess } from '../fixtures/process.ts'
import { seed, seededRandom } from '../fixtures/seed.ts'
import { drained, getJson, serviceRig } from './rig.ts'

const { start, dataDir } = serviceRig(after)
const FLOOD = 1000
const ENGLISH = { 'content-type': 'application/json', 'accept-language': 'en' }

let service: ServiceProcess
let url: string
before(async () => {
  service = start(dataDir())
  url = await service.ready
})

/** Connected; what it is told is collected, and being cut off is its own fault. */
async function socket(): Promise<{ raw: Socket; answer: () => string; closed: () => boolean }> {
  const { hostname, port } = new URL(url)
  const raw = connect(Number(port), hostname)
  let answer = ''
  raw.on('error', () => {})
  raw.on('data', (chunk) => {
    answer += chunk.toString('latin1')
  })
  await once(raw, 'connect')
  return { raw, answer: () => answer, closed: () => raw.closed }
}

async function accepted(): Promise<number> {
  return (await getJson<{ accepted: number }>(`${url}/api/stats`)).accepted
}

async function assertServes(): Promise<void> {
  assert.equal((await fetch(`${url}/health`, { signal: AbortSignal.timeout(20_000) })).status, 200)
  assert.ok(service.running, service.output)
}

test('a thousand sockets that send a byte now and then do not stop /health, nor messages', async () => {
  const request = 'POST /api/message HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  const flood = await Promise.all(Array.from({ length: FLOOD }, socket))
  let sent = 0
  let mostOpen = 0
  const drip = setInterval(() => {
    for (let i = 0; i < 50; i++) {
      const { raw } = flood[sent % FLOOD] ?? {}
      raw?.write(request[Math.floor(sent / FLOOD) % request.length] ?? 'x')
      sent++
    }
  }, 5)
  try {
    for (let round = 0; round < 20; round++) {
      // Several bytes into every request each time, so that all of them are under way.
      await eventually(
        () => (sent >= (round + 1) * FLOOD ? true : undefined),
        () => `${sent} bytes sent`,
      )
      // Later rounds may find the oldest cut off already, which is the service's good right.
      mostOpen = Math.max(mostOpen, flood.filter(({ closed }) => !closed()).length)
      await assertServes()
      const body = JSON.stringify({ type: 'MNP', content: `in the flood ${round}` })
      assert.equal(
        (await fetch(`${url}/api/message`, { method: 'POST', headers: ENGLISH, body })).status,
        202,
      )
    }
    assert.ok(mostOpen > FLOOD * 0.9, `only ${mostOpen} sockets were ever open, the flood was none`)
  } finally {
    clearInterval(drip)
    for (const { raw } of flood) raw.destroy()
  }
  await drained(url)
})

test('garbage bytes are answered with 400 or a closed door, never with 2xx or 500', async () => {
  const random = seededRandom(seed)
  const before = await accepted()
  const sockets = await Promise.all(Array.from({ length: 100 }, socket))
  for (const { raw } of sockets) {
    raw.end(Buffer.from(Array.from({ length: 1 + Math.floor(random() * 3000) }, () => random() * 256)))
  }
  await eventually(
    () => (sockets.every(({ closed }) => closed()) ? true : undefined),
    () => `seed ${seed}: every socket to be closed`,
  )
  for (const { answer } of sockets) assert.match(answer(), /^(?:HTTP\/1\.1 4\d\d |$)/, `seed ${seed}`)
  await assertServes()
  assert.equal(await accepted(), before)
})

test('a client that vanishes in the middle of its request leaves nothing half-done', async () => {
  const before = await accepted()
  const messages = Array.from({ length: 50 }, (_, i) => ({ type: 'CHANGE', content: `half ${i}` }))
  const body = JSON.stringify({ messages })
  const head = `POST /api/messages/batch HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: `
  for (const part of [0, 0.3, 0.99]) {
    const gone = await Promise.all(Array.from({ length: 20 }, socket))
    for (const { raw } of gone) {
      raw.write(`${head}${body.length}\r\n\r\n${body.slice(0, body.length * part)}`)
      raw.resetAndDestroy()
    }
    await assertServes()
  }
  assert.equal(await accepted(), before)
})

test('Q2: a client that vanishes before its answer: the whole batch, or nothing of it', async () => {
  const before = await accepted()
  const messages = Array.from({ length: 50 }, (_, i) => ({ type: 'CHANGE', content: `whole ${i}` }))
  const body = JSON.stringify({ messages })
  const head =
    'POST /api/messages/batch HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: '
  const gone = await Promise.all(Array.from({ length: 20 }, socket))
  await Promise.all(
    gone.map(async ({ raw }) => {
      await new Promise<void>((resolve) => raw.write(`${head}${body.length}\r\n\r\n${body}`, () => resolve()))
      raw.destroy()
    }),
  )
  await assertServes()
  await drained(url)
  const more = (await accepted()) - before
  assert.equal(more % messages.length, 0, `${more} were accepted of batches of ${messages.length}`)
})
