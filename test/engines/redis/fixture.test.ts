/** The fixture itself: what other tests rely on when they kill, pause and restart a Redis. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { createClient } from '@redis/client'
import { eventually } from '../../fixtures/process.ts'
import { noRedis, startRedis } from '../../fixtures/redis.ts'

const FIXTURE = join(import.meta.dirname, '../../fixtures/redis.ts')
const skip = noRedis({ controlled: true })

const open = (url: string) => createClient({ url, socket: { reconnectStrategy: false } })

async function once<T>(url: string, ask: (client: ReturnType<typeof open>) => Promise<T>): Promise<T> {
  const client = open(url)
  client.on('error', () => {})
  await client.connect()
  try {
    return await ask(client)
  } finally {
    client.destroy()
  }
}

describe('a private Redis', { skip }, () => {
  test('a durable one has its data after kill and restart, and none when wiped', async (context) => {
    const redis = await startRedis({
      cleanup: (run) => context.after(run),
      durable: true,
      controlled: true,
    })
    await once(redis.url, (client) => client.set('a', '1'))
    await redis.kill()
    await assert.rejects(once(redis.url, (client) => client.ping()))
    await redis.restart()
    assert.equal(await once(redis.url, (client) => client.get('a')), '1')
    await redis.restart({ wiped: true })
    assert.equal(await once(redis.url, (client) => client.get('a')), null)
  })

  test('a paused one answers when it is resumed', async (context) => {
    const redis = await startRedis({ cleanup: (run) => context.after(run), controlled: true })
    await once(redis.url, async (client) => {
      redis.pause()
      let answered = false
      const pong = client.ping().then(() => (answered = true))
      // That nothing comes has no signal: many times what an answer takes otherwise.
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.equal(answered, false)
      redis.resume()
      await pong
    })
  })

  test('it ends, and its directory goes, when the process that started it is killed', async () => {
    const code = `import { startRedis } from ${JSON.stringify(FIXTURE)}
      const redis = await startRedis({ cleanup() {}, controlled: true })
      const { createClient } = await import('@redis/client')
      const client = await createClient({ url: redis.url }).connect()
      const info = await client.info('server')
      const dir = await client.configGet('dir')
      console.log(JSON.stringify({ pid: Number(/process_id:(\\d+)/.exec(info)[1]), dir: dir.dir }))`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
      cwd: join(import.meta.dirname, '../../..'),
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await new Promise<string[]>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', (text) => resolve([text]))
      child.once('exit', () => reject(new Error('it ended before it had a Redis')))
    })
    const { pid, dir } = JSON.parse(line ?? '') as { pid: number; dir: string }
    process.kill(pid, 0)
    assert.ok(existsSync(dir))
    child.kill('SIGKILL')
    await eventually(
      () => (!alive(pid) && !existsSync(dir) ? true : undefined),
      () => 'the end of a Redis without its test',
      10_000,
    )
  })
})

describe('without a Redis', () => {
  const ask = (env: Record<string, string>) =>
    spawnSync(
      process.execPath,
      [
        ...['--input-type=module-typescript', '-e'],
        `import { noRedis } from ${JSON.stringify(FIXTURE)}; console.log(noRedis(), noRedis({ controlled: true }))`,
      ],
      { env: { PATH: '', ...env }, encoding: 'utf8' },
    )

  test('tests are skipped with the reason, loudly, and fail in CI', () => {
    const skipped = ask({})
    assert.match(skipped.stdout, /no redis-server on this machine and no WEIR_TEST_REDIS_URL/)
    assert.match(skipped.stderr, /SKIPPED/)
    const failed = ask({ CI: 'true' })
    assert.equal(failed.status, 1)
    assert.match(failed.stderr, /tests with Redis cannot run/)
  })

  test('a configured one serves all tests but those that would kill it', () => {
    const { stdout } = ask({ WEIR_TEST_REDIS_URL: 'redis://127.0.0.1:1' })
    assert.match(stdout, /^false .*may not be killed/)
  })
})

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
