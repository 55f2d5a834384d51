/** Floods and slow senders at the room's port: it goes on serving the others, and nothing is left behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { buildRoom } from '../../src/waiting-room/index.ts'
import { eventually } from '../fixtures/process.ts'
import { roomRig } from './http/rig.ts'
import { RawSocket } from './raw-socket.ts'
import { socketRig } from './sockets/rig.ts'

type Service = ReturnType<typeof buildRoom>

const connectionsOf = (app: Service): Promise<number> =>
  promisify(app.server.getConnections.bind(app.server))() as Promise<number>

/** Handles of this process that hold a connection. */
const openHandles = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length

async function isEmpty(app: Service): Promise<void> {
  await eventually(
    async () => (await connectionsOf(app)) === 0 || undefined,
    () => 'no connection is left',
  )
}

/** Sends `text` once connected, and reads. `closed`: however it ends, also by a reset. */
async function open(t: TestContext, port: number, text: string): Promise<{ readonly closed: Promise<void> }> {
  const socket = connect(port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {}).resume()
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  socket.write(text)
  return { closed }
}

test('500 slow senders keep nobody from entering, and are hung up on when their time is over', async (t) => {
  const room = await roomRig(t)
  const times = { headersMs: 60_000, requestMs: 61_000, checkMs: 100 }
  const app = buildRoom(room.deps, times)
  t.after(() => app.close())
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const port = Number(new URL(url).port)
  const check = 'POST /api/queue/check/1 HTTP/1.1\r\nHost: x\r\n'
  const kinds = [
    '',
    `${check}X-`,
    `${check}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nUpgr',
  ]
  const before = openHandles()
  const slow = await Promise.all(
    Array.from({ length: 500 }, (_, i) => open(t, port, kinds[i % kinds.length] ?? '')),
  )
  const entered = await fetch(`${url}/api/queue/check/1`, {
    method: 'POST',
    headers: { authorization: `Bearer ${room.tokenOf('v1')}`, connection: 'close' },
  })
  assert.deepEqual([entered.status, ((await entered.json()) as { admitted: boolean }).admitted], [200, true])
  const { server } = app
  assert.deepEqual([server.headersTimeout, server.requestTimeout], [times.headersMs, times.requestMs])
  // Their time is over only now: the visitor was in no hurry, however slow the machine is.
  Object.assign(server, { headersTimeout: 800, requestTimeout: 1_200 })
  await Promise.all(slow.map(({ closed }) => closed))
  await isEmpty(app)
  assert.ok(openHandles() <= before + 1, 'no handle is left')
  assert.equal((await room.engine.line.snapshot('1'))?.counts.entered, 1, 'none of them has entered')
})

test('ten thousand sockets of one visitor: five stay, the others are closed, and everybody else gets in', async (t) => {
  const rig = await socketRig(t)
  const { port, sockets, app, tokenOf, ask, connect: join, asks } = rig
  for (let i = 1; i <= 11; i++) await ask('POST', '/api/queue/check/1', `v${i}`)
  const before = openHandles()
  const flood: RawSocket[] = []
  t.after(() => {
    for (const { socket } of flood) socket.destroy()
  })
  const token = tokenOf('flood')
  for (let wave = 0; wave < 50; wave++) {
    const some = Array.from({ length: 200 }, () => new RawSocket(port, token))
    flood.push(...some)
    await Promise.all(some.map(({ settled }) => settled))
    // They close nothing themselves: whoever was replaced is hung up on.
    await rig.pass(200)
    if (wave === 25) {
      const client = await join('v11')
      assert.equal(
        (await asks(client, 'join-queue', { eventId: '1' })).position,
        1,
        'a visitor amid the flood',
      )
      client.socket.disconnect()
      assert.ok((await connectionsOf(app)) < 4_000, 'and not all of the flood is held')
    }
  }
  assert.equal(flood.length, 10_000)
  await rig.until('five are left', () => flood.filter(({ socket }) => !socket.destroyed).length === 5)
  assert.equal(sockets.size, 5)
  assert.ok((await connectionsOf(app)) <= 5)
  assert.ok(
    flood.every(({ text }) => text.startsWith('HTTP/1.1 101')),
    'none was refused at the door',
  )
  for (const { socket } of flood) socket.destroy()
  await rig.until('all have gone', () => sockets.size === 0)
  await isEmpty(app)
  assert.ok(openHandles() <= before, `${openHandles()} handles are left of ${before}`)
  assert.equal((await ask('GET', '/api/queue/status/1', 'flood')).body.state, 'none', 'a socket is no ticket')
})

test('sockets with no token, a foreign one or one of any shape are refused and closed', async (t) => {
  const rig = await socketRig(t)
  const other = await roomRig(t)
  const foreign = `${other.tokenOf('v1').slice(0, -4)}AAAA`
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${rig.tokenOf('v1').split('.')[1]}.`
  const flood = [foreign, none, '', 'x'.repeat(9_000), '\u0000', '{}'].flatMap((token) => {
    return Array.from({ length: 50 }, () => new RawSocket(rig.port, token))
  })
  t.after(() => {
    for (const { socket } of flood) socket.destroy()
  })
  await Promise.all(flood.map(({ settled }) => settled))
  assert.equal(rig.sockets.size, 0)
  for (const { text } of flood)
    assert.match(text, /44\{"message":"(Authentication required|Invalid authentication token)"/)
  for (const { socket } of flood) socket.destroy()
  await isEmpty(rig.app)
})

test('a megabyte by long-polling is refused, and the room goes on', async (t) => {
  const rig = await socketRig(t)
  const base = `http://127.0.0.1:${rig.port}/socket.io/?EIO=4&transport=polling`
  const hello = await (await fetch(base)).text()
  const { sid } = JSON.parse(hello.slice(1)) as { sid: string }
  const sent = await fetch(`${base}&sid=${sid}`, { method: 'POST', body: `42${'x'.repeat(2 ** 20)}` }).then(
    ({ status }) => status,
    () => 413,
  )
  assert.equal(sent, 413)
  const client = await rig.connect('v1')
  assert.equal((await rig.asks(client, 'join-queue', { eventId: '1' })).ok, true)
})
