/**
 * A Socket.IO client that is none of ours and not of the server's makers either: Debian's python3-socketio. It logs in,
 * waits, is told its place, comes back, is called and gets in. Where the package is missing the tests are skipped,
 * loudly; with CI set they fail instead.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { DEFAULT_DOOR } from '../../../src/waiting-room/index.ts'
import { eventually } from '../../fixtures/process.ts'
import { liveRoom } from '../../lab/room/live-room.ts'

const SCRIPT = join(import.meta.dirname, 'foreign_client.py')
const NEEDED = 'import socketio, websocket, requests'

/** Debian's own first: another Python in the path does not see Debian's packages. */
const python = ['/usr/bin/python3', 'python3'].find((program) => {
  try {
    execFileSync(program, ['-c', NEEDED], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

function missing(): string | false {
  if (python !== undefined) return false
  const reason = 'no python3-socketio on this machine (with python3-websocket and python3-requests)'
  if (process.env.CI) throw new Error(`the test of a foreign Socket.IO client cannot run: ${reason}`)
  console.warn(`SKIPPED, a foreign Socket.IO client: ${reason}`)
  return reason
}
const skip = missing()

interface Told {
  readonly kind: string
  readonly name?: string
  readonly user?: string
  // Tests look into payloads field by field.
  readonly data?: Record<string, unknown>
  readonly answer?: Record<string, unknown>
}

class ForeignClient {
  readonly told: Told[] = []
  readonly #child: ChildProcess
  #stderr = ''

  constructor(t: TestContext, url: string, email: string, transport: string) {
    const args = [SCRIPT, url, '1', email, 'Foreign-4711', transport]
    this.#child = spawn(python ?? '', args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr?.on('data', (data) => (this.#stderr += data))
    this.#child.stdin?.on('error', () => {})
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.told.push(JSON.parse(line)))
    t.after(() => this.#child.kill('SIGKILL'))
  }

  asks(command: string): void {
    this.#child.stdin?.write(`${command}\n`)
  }

  /** Among what was told from number `from` on. */
  hears(kind: string, name?: string, from = 0): Promise<Told> {
    return eventually(
      () =>
        this.told.slice(from).find((one) => one.kind === kind && (name === undefined || one.name === name)),
      () => `${kind} ${name ?? ''} among ${JSON.stringify(this.told)} ${this.#stderr}`,
      30_000,
    )
  }
}

for (const transport of ['websocket', 'polling']) {
  test(`python3-socketio over ${transport}: waits, comes back to the same place, is called and gets in`, {
    skip,
  }, async (t) => {
    const { url, line } = await liveRoom(t, { door: { cap: 2 } })
    await line.define('1', { ...DEFAULT_DOOR, cap: 2 })
    for (const visitor of ['first', 'second', 'third']) await line.enter('1', visitor)
    const client = new ForeignClient(t, url, `${transport}@foreign.example`, transport)
    const check = await client.hears('check')
    assert.deepEqual([check.answer?.queued, check.answer?.position, check.answer?.ticket], [true, 2, 4])
    client.asks('connect')
    await client.hears('connect')
    client.asks('join')
    const joined = await client.hears('joined')
    assert.deepEqual([joined.answer?.ok, joined.answer?.position], [true, 2])
    const frame = (await client.hears('event', 'queue-updated')).data
    assert.deepEqual([frame?.queueSize, frame?.threshold, typeof frame?.timestamp], [2, 2, 'string'])

    client.asks('disconnect')
    await client.hears('disconnect')
    const from = client.told.length
    client.asks('connect')
    await client.hears('connect', undefined, from)
    // Without asking for it.
    const restored = (await client.hears('event', 'session-restored', from)).data
    assert.deepEqual(
      [restored?.userId, restored?.eventId, restored?.queueEventId, restored?.ticket, restored?.position],
      [check.user, '1', '1', 4, 2],
    )

    await line.seen('1', ['third'])
    await line.done('1', 'first')
    await line.done('1', 'second')
    const called = (await client.hears('event', 'queue-entry-allowed')).data
    assert.deepEqual([called?.userId, typeof called?.message], [check.user, 'string'])
    client.asks('claim')
    const claimed = (await client.hears('claimed')).answer
    assert.deepEqual([claimed?.queued, claimed?.state, typeof claimed?.pass], [false, 'admitted', 'string'])
    client.asks('end')
  })
}

test('python3-socketio with a wrong token is refused, and told why', { skip }, async (t) => {
  const { url } = await liveRoom(t)
  const client = new ForeignClient(t, url, 'wrong@foreign.example', 'websocket')
  await client.hears('check')
  client.asks('wrong')
  assert.equal((await client.hears('connect_error')).data?.message, 'Invalid authentication token')
  client.asks('end')
})
