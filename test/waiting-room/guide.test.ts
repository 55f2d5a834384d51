/** The examples of the guide, run as they are printed: two shops that check passes, and a client at its socket. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { newPassKey, type PassJwk, PassSigner } from '../../src/waiting-room/index.ts'
import { bareEnvironment } from '../fixtures/environment.ts'
import { freePort } from '../fixtures/ports.ts'
import { eventually } from '../fixtures/process.ts'
import { temporaryDirectory } from '../fixtures/weir-process.ts'
import { roomRig } from './http/rig.ts'
import { socketRig } from './sockets/rig.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const guide = readFileSync(join(ROOT, 'docs', 'guides', 'waiting-room.md'), 'utf8')
const blocks = Array.from(guide.matchAll(/```js\n([\s\S]*?)```/g), ([, text = '']) => text)

function example(mark: string): string {
  const found = blocks.find((text) => text.includes(mark))
  assert.ok(found, `the guide has no example with ${mark}`)
  return found
}

/** As much of Express as the example uses, because Express is no dependency: its middleware is `node:http`'s. */
const EXPRESS = `
import { createServer } from 'node:http'
export default () => {
  const steps = []
  const app = { use: (run) => void steps.push(run), get: (path, run) => void steps.push((request, response, next) =>
    request.url.split('?')[0] === path ? run(request, response) : next()) }
  app.listen = (port) => createServer((request, response) => {
    let at = 0
    const next = () => steps[at++]?.(request, response, next)
    next()
  }).listen(port, '127.0.0.1')
  return app
}`

const sources: Readonly<Record<string, string>> = {
  'weir/pass': pathToFileURL(join(ROOT, 'src', 'waiting-room', 'pass', 'index.ts')).href,
  fastify: import.meta.resolve('fastify'),
  'socket.io-client': import.meta.resolve('socket.io-client'),
  express: './express.mjs',
}

/** The example with its imports found from where it is written to, as a process. */
function run(t: TestContext, text: string, environment: Record<string, string>): ChildProcess {
  const { path, remove } = temporaryDirectory()
  const file = join(path, 'example.mjs')
  writeFileSync(join(dirname(file), 'express.mjs'), EXPRESS)
  writeFileSync(
    file,
    text.replace(/from '([^']+)'/g, (_, name: string) => `from '${sources[name] ?? name}'`),
  )
  const child = spawn(process.execPath, [file], {
    env: { ...bareEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
    remove()
  })
  return child
}

/** A room whose passes are of now and from the issuer that the guide names. */
async function roomOf(t: TestContext) {
  const room = await roomRig(t)
  const signer = new PassSigner('weir', [newPassKey(Date.now())], () => 'id')
  // The keys are all that a shop asks of the room.
  const url = await room.app.listen({ port: 0, host: '127.0.0.1' })
  const published = room.deps.passes.keySet.keys as PassJwk[]
  published.splice(0, published.length, ...signer.keySet.keys)
  const pass = (event: string): string =>
    signer.issue({ event, visitor: 'v1', ticket: 1, epoch: 1 }, Date.now() + 600_000, Date.now())
  return { url, pass }
}

for (const [name, path] of [
  ['shop-fastify.mjs', '/buy'],
  ['shop-express.mjs', '/buy?event=1'],
] as const) {
  test(`${name} sells to who has a pass for the event, and to nobody else`, async (t) => {
    const { url, pass } = await roomOf(t)
    const port = await freePort()
    run(t, example(name), { ROOM_URL: url, PORT: String(port) })
    const buy = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' })
    await eventually(
      () =>
        buy({}).then(
          () => true,
          () => undefined,
        ),
      () => 'the shop listens',
    )
    const sold = await buy({ 'weir-pass': pass('1') })
    assert.deepEqual([sold.status, await sold.json()], [200, { ticketFor: 'v1' }])
    const refused = await buy({ 'weir-pass': pass('2') })
    assert.deepEqual([refused.status, ((await refused.json()) as { reason: string }).reason], [403, 'event'])
    assert.equal((await buy({})).status, 403)
    const page = await buy({ accept: 'text/html' })
    const expected = name.includes('fastify') ? [302, `${url}/events/1`] : [403, null]
    assert.deepEqual([page.status, page.headers.get('location')], expected)
  })
}

test('the client at its socket is told the place, the frames and the turn', async (t) => {
  const rig = await socketRig(t)
  for (let i = 1; i <= 11; i++) await rig.ask('POST', '/api/queue/check/1', `v${i}`)
  const text = `const token = process.env.TOKEN\n${example('queue-entry-allowed')}`
  const client = run(t, text.replace('http://127.0.0.1:3001', `http://127.0.0.1:${rig.port}`), {
    TOKEN: rig.tokenOf('v11'),
  })
  let said = ''
  client.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
  })
  // How long a process takes to start is no time of the room's.
  await eventually(
    () => rig.sockets.size === 1 || undefined,
    () => 'the client is connected',
  )
  await rig.until('the place', () => /position: 1,/.test(said) && /^1$/m.test(said))
  await rig.ask('POST', '/api/queue/done/1', 'v1')
  await rig.engine.line.admit('1', 10)
  await rig.until('the turn', () => /your turn until \S+Z eyJ/.test(said))
})
