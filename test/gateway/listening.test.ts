/** A port with many listening sockets: newcomers are taken together, and the port is still one process's own. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fastify from 'fastify'
import { type HttpService, service } from '../../src/gateway/index.ts'
import { realClock } from '../engines/rabbitmq/setting.ts'
import { freePort } from '../fixtures/ports.ts'

const MANY = 200
const elsewhere = process.platform !== 'linux' && 'only Linux shares a port among sockets'

/** Opens connections while this thread stands still; says when the system has them all. */
const COMERS = `
const { workerData } = require('node:worker_threads')
const { connect } = require('node:net')
const { port, many, told } = workerData
let connected = 0
for (let i = 0; i < many; i++) {
  connect(port, '127.0.0.1', () => {
    if (++connected < many) return
    Atomics.store(new Int32Array(told), 0, 1)
    Atomics.notify(new Int32Array(told), 0)
  }).on('error', () => {})
}`

function serviceOn(t: TestContext, port: number, listeners = 64): HttpService {
  const app = fastify({ logger: false })
  app.get('/', async () => 'here')
  const made = service(
    app,
    realClock,
    { host: '127.0.0.1', port, listeners, stopTimeoutMs: 30_000 },
    () => {},
  )
  t.after(() => made.stop())
  return made
}

/** How many turns of the event loop it takes until all of them are taken. */
async function turnsFor(t: TestContext, listeners: number): Promise<number> {
  const { app, start } = serviceOn(t, 0, listeners)
  const { port } = await start()
  let taken = 0
  app.server.on('connection', () => taken++)
  const told = new SharedArrayBuffer(4)
  const worker = new Worker(COMERS, { eval: true, workerData: { port, many: MANY, told } })
  t.after(() => worker.terminate())
  await once(worker, 'online')
  // Busy, as under load: nobody is taken until they are all there.
  assert.notEqual(Atomics.wait(new Int32Array(told), 0, 0, 30_000), 'timed-out')
  let turns = 0
  while (taken < MANY) {
    await new Promise((resolve) => setImmediate(resolve))
    turns++
    assert.ok(turns < 100_000, `${taken} taken`)
  }
  return turns
}

async function holder(t: TestContext, where: { port?: number; path?: string }): Promise<number> {
  const held: Server = createServer()
  held.listen({ host: where.path === undefined ? '127.0.0.1' : undefined, ...where })
  await once(held, 'listening')
  t.after(() => held.close())
  return (held.address() as AddressInfo).port
}

const isTaken = (error: NodeJS.ErrnoException) => error.code === 'EADDRINUSE'

describe('many listening sockets', { skip: elsewhere }, () => {
  test('who comes while the process is busy is taken with many others in one turn', async (t) => {
    const [one, many] = [await turnsFor(t, 1), await turnsFor(t, 64)]
    // With one socket it is one in a turn. If that ever changes, this whole file of ours is not needed any more.
    assert.ok(one >= MANY / 2, `${one} turns with one socket`)
    assert.ok(many <= one / 5, `${many} turns, ${one} with one socket`)
  })

  test('a port that is shared already is refused, and one that somebody has for himself', async (t) => {
    const { port } = await serviceOn(t, 0).start()
    await assert.rejects(serviceOn(t, port).start(), isTaken)
    await assert.rejects(serviceOn(t, port, 1).start(), isTaken)
    const other = await holder(t, { port: 0 })
    await assert.rejects(serviceOn(t, other).start(), isTaken)
  })

  test('of several that want a port at the same moment one gets it', async (t) => {
    for (let round = 0; round < 10; round++) {
      const port = await freePort()
      const all = Array.from({ length: 4 }, () => serviceOn(t, port, 8))
      const ends = await Promise.allSettled(all.map((one) => one.start()))
      assert.deepEqual(ends.map(({ status }) => status).sort(), [
        'fulfilled',
        'rejected',
        'rejected',
        'rejected',
      ])
      for (const end of ends)
        if (end.status === 'rejected') assert.ok(isTaken(end.reason), String(end.reason))
      await Promise.all(all.map((one) => one.stop()))
    }
  })

  test('all of them are closed by a stop, with whom they took', async (t) => {
    const port = await freePort()
    const made = serviceOn(t, port)
    const { url } = await made.start()
    // Keep-alive connections, spread over the sockets.
    const answers = await Promise.all(Array.from({ length: 50 }, async () => (await fetch(url)).text()))
    assert.ok(answers.every((text) => text === 'here'))
    await made.stop()
    await assert.rejects(fetch(url))
    // Nobody has it any more: also who does not share it can have it.
    assert.equal(await holder(t, { port }), port)
  })

  test('a stop waits for what is under way, whichever socket took it (S1)', async (t) => {
    const made = serviceOn(t, 0)
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    made.app.get('/slow', async () => {
      reached.resolve()
      await released.promise
      return 'late'
    })
    const { url } = await made.start()
    // One alone: that the first socket, which is the app's own, took it is one chance in 64.
    const answer = fetch(`${url}/slow`).then((answered) => answered.text())
    await reached.promise
    let isStopped = false
    const stopped = made.stop().then(() => {
      isStopped = true
    })
    const { app } = made
    const ownConnections = await new Promise((resolve) => {
      app.server.getConnections((_error, count) => resolve(count))
    })
    // The app is closed while another socket's connection is at work; a stop that looked at it alone would be over.
    if (ownConnections === 0) await app.close()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isStopped, false)
    released.resolve()
    assert.equal(await answer, 'late')
    await stopped
  })

  test('somebody who keeps the right to open a port from us keeps nobody from being served', async (t) => {
    const port = await freePort()
    await holder(t, { path: `\0weir-listen-${port}` })
    const { url } = await serviceOn(t, port).start()
    assert.equal(await (await fetch(url)).text(), 'here')
  })
})
