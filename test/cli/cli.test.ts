/** The weir command, end to end against a real service. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type RunningWeir, resolveSettings, startWeir } from '../../src/app/index.ts'
import { temporaryDirectory, weir } from '../fixtures/weir-process.ts'

const dir = temporaryDirectory()
let service: RunningWeir

before(async () => {
  // MNP is left alone, so that its messages stay where they are.
  const options = {
    apiPort: 0,
    roomPort: 'off',
    dataDir: dir.path,
    backendSpeed: 0,
    consumerTypes: 'CHANGE,TERMINATION',
  }
  service = await startWeir(resolveSettings({ options }))
})
after(async () => {
  await service.stop()
  dir.remove()
})

const run = (args: string[], input?: string) =>
  weir(args, { env: { WEIR_API_URL: service.url }, ...(input !== undefined && { input }) })
const line = (type: string, more: object = {}) => JSON.stringify({ type, content: 'x', ...more })

test('send one, look at it', async () => {
  const sent = await run(['send', '-t', 'mnp', '-c', 'hello', '--priority', '9', '--ids'])
  assert.equal(sent.code, 0, sent.stderr)
  const id = sent.stdout.trim()
  const shown = await run(['message', id, '--json'])
  const { state, type, priority } = JSON.parse(shown.stdout)
  assert.deepEqual([state, type, priority], ['ready', 'MNP', 9])
  assert.match((await run(['message', id])).stdout, /^content +hello$/m)
})

test('a file of JSON lines: every line is accounted for', async () => {
  const file = join(dir.path, 'messages.jsonl')
  const lines = [
    line('MNP'),
    '',
    '{"타입":"번호이동","내용":"안녕"}',
    line('NONE'),
    'oops',
    line('MNP', { content: ' ' }),
  ]
  writeFileSync(file, lines.join('\n'))
  const { code, stdout, stderr } = await run(['send', file, '--batch-size', '2', '--json'])
  assert.equal(code, 1, stderr)
  const { accepted, refused, failed, problems } = JSON.parse(stdout)
  assert.deepEqual([accepted, refused, failed], [2, 3, 0])
  assert.deepEqual(problems.map((text: string) => text.split(':')[0]).sort(), ['line 4', 'line 5', 'line 6'])
})

test('stdin: accepted ids on stdout, the sum on stderr', async () => {
  const input = Array.from({ length: 250 }, () => line('MNP')).join('\n')
  const { code, stdout, stderr } = await run(['send', '-', '--ids'], input)
  assert.equal(code, 0, stderr)
  assert.equal(new Set(stdout.trim().split('\n')).size, 250)
  assert.match(stderr, /^250 accepted, 0 refused, 0 failed in /)
})

test('large messages: a request never outgrows what the service takes', async () => {
  const lines = Array.from({ length: 24 }, () => line('MNP', { content: 'x'.repeat(60_000) }))
  lines.splice(12, 0, line('MNP', { attributes: { x: 'x'.repeat(1_100_000) } }))
  const { stdout, stderr } = await run(['send', '-', '--json'], lines.join('\n'))
  const { accepted, refused, failed, problems } = JSON.parse(stdout)
  assert.deepEqual([accepted, refused, failed], [24, 1, 0], stderr)
  assert.match(problems[0], /^line 13: /)
})

test('a file that cannot be read to its end: still accounted for', {
  skip: process.platform !== 'linux',
}, async () => {
  const { code, stderr } = await run(['send', '/proc/self/mem'])
  assert.equal(code, 1, stderr)
  assert.match(stderr, /^\S+ cannot be read to its end \(EIO\)\n0 accepted, 0 refused, 0 failed in .*\n$/)
})

test('status and types: shown, changed, refused', async () => {
  const status = JSON.parse((await run(['status', '--json'])).stdout)
  assert.ok(status.types.MNP.ready > 0)
  assert.equal(status.engine, 'embedded')
  assert.match((await run(['status'])).stdout, /^MNP +\d+/m)
  assert.match(
    (await run(['types', 'set', 'change', '--rate', '20', '--concurrency', '5'])).stdout,
    /CHANGE: 20 per/,
  )
  const types = JSON.parse((await run(['types', '--json'])).stdout)
  const change = types.find(({ name }: { name: string }) => name === 'CHANGE')
  assert.deepEqual([change.ratePerSecond, change.concurrency], [20, 5])
  const unknown = await run(['types', 'set', 'nope', '--rate', '1'])
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /^weir: .*SUBSCRIPTION.*\n$/)
})

test('dead letters: list, retry, purge only when sure', async () => {
  // Attributes of the wrong shape can never be processed: dead at the first attempt.
  const sent = await run(['send', '-t', 'CHANGE', '-c', 'x', '-a', '{"line":5,"phone":5}', '--ids'])
  const id = sent.stdout.trim()
  const dead = async (): Promise<{ id: string }[]> => {
    const { items } = (await (await fetch(`${service.url}/api/dead-letters`)).json()) as {
      items: { id: string }[]
    }
    return items.length > 0 ? items : dead()
  }
  assert.equal((await dead())[0]?.id, id)
  assert.match((await run(['dead-letters', 'list'])).stdout, new RegExp(`^${id} +CHANGE`, 'm'))
  const retried = await run(['dead-letters', 'retry', 'nobody', id])
  assert.deepEqual([retried.code, retried.stdout], [1, '1 ready again\n'])
  assert.match(retried.stderr, /^weir: nobody: .+\n$/)
  await dead()
  const unsure = await run(['dead-letters', 'purge', '--all'])
  assert.equal(unsure.code, 2)
  assert.match(unsure.stderr, /--yes/)
  assert.equal((await run(['dead-letters', 'purge', '--all', '--yes'])).stdout, '1 deleted\n')
  assert.equal((await run(['dead-letters', 'list'])).stdout, 'no dead letters\n')
})

test('monitoring off and on', async () => {
  assert.equal((await run(['monitoring', 'off'])).stdout, 'monitoring is off (was on)\n')
  assert.match((await run(['monitoring', 'status'])).stdout, /^monitoring is off\n/)
  assert.equal((await run(['monitoring', 'on'])).stdout, 'monitoring is on (was off)\n')
})

test('config: value and origin, secrets masked', async () => {
  const env = { JWT_SECRET: 'hush-hush-hush-9f2kQ7xLmZ4vB1c-01', MAX_RETRIES: '7' }
  const { stdout } = await weir(['config'], { env })
  assert.match(stdout, /^maxRetries +MAX_RETRIES +7 +environment$/m)
  assert.match(stdout, /^apiPort +API_PORT +8000 +default$/m)
  assert.doesNotMatch(stdout, /hush/)
})

test('one line and a telling exit code when it goes wrong', async () => {
  const gone = await weir(['status'], { env: { WEIR_API_URL: 'http://127.0.0.1:9' } })
  assert.deepEqual([gone.code, gone.stderr.trim().split('\n').length], [1, 1])
  assert.match(gone.stderr, /127\.0\.0\.1:9 cannot be reached/)
  assert.equal((await run(['frobnicate'])).code, 2)
  assert.equal((await run(['send'])).code, 2)
  assert.equal((await run(['send', 'no-such-file'])).code, 2)
  const directory = await run(['send', dir.path])
  assert.deepEqual([directory.code, directory.stderr.trim().split('\n').length], [2, 1])
  assert.match(directory.stderr, /is a directory/)
  const version = await run(['--version'])
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})
