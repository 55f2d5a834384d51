/** `weir monitor` against a real service: in a terminal of its own, and piped. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { type RunningWeir, resolveSettings, startWeir } from '../../src/app/index.ts'
import { newDataDir } from '../fixtures/embedded.ts'
import { bareEnvironment } from '../fixtures/environment.ts'
import { freePort } from '../fixtures/ports.ts'
import { withLimit } from '../fixtures/process.ts'
import { weir } from '../fixtures/weir-process.ts'

const SRC = join(import.meta.dirname, '..', '..', 'src', 'cli')
const MAIN = join(SRC, 'main.ts')
const ESC = '\x1b'
const ENTER = `${ESC}[?1049h${ESC}[?25l`
const LEAVE = `${ESC}[?25h${ESC}[?1049l`

const dir = newDataDir()
let service: RunningWeir
const start = (apiPort: number, dataDir: string) =>
  startWeir(resolveSettings({ options: { apiPort, dataDir, backendSpeed: 0, roomPort: 'off' } }))
before(async () => {
  service = await start(0, dir)
})
after(async () => {
  await service.stop()
  rmSync(dir, { recursive: true })
})

/** A program whose output can be waited for; ended with the test. */
function running(file: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(file, args, { env: { ...bareEnvironment(), ...env }, stdio: 'pipe' })
  let output = ''
  const exit = once(child, 'close')
  const heard = new Set<() => void>()
  child.stdout.on('data', (data) => {
    output += data
    for (const look of heard) look()
  })
  const shows = (what: RegExp, from = 0) =>
    withLimit(
      new Promise<number>((resolve) => {
        const look = () => {
          if (!what.test(output.slice(from))) return
          heard.delete(look)
          resolve(output.length)
        }
        heard.add(look)
        look()
      }),
      30_000,
      () => `it did not show ${what}: ${output}`,
    )
  return {
    child,
    shows,
    async ended() {
      const [code] = await withLimit(exit, 30_000, () => `no end: ${output.slice(-2000)}`)
      return { code: code as number, output }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

const hasTerminals = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')

describe('in a terminal', { skip: !hasTerminals && 'needs script of util-linux' }, () => {
  /** `what` in a terminal of so many columns; what is written to it are keys. */
  const inTerminal = (what: string, env: Record<string, string> = {}) =>
    running('script', ['-qefc', `stty cols 70 rows 20; exec ${process.execPath} ${what}`, '/dev/null'], {
      ...{ WEIR_API_URL: service.url, TERM: 'xterm-256color', SHELL: '/bin/sh' },
      ...env,
    })

  for (const [name, key] of [
    ['q', 'q'],
    ['Ctrl-C', '\x03'],
  ] as const) {
    test(`${name} ends it, and the terminal is as it was`, async () => {
      await using monitor = inTerminal(`${MAIN} monitor --interval 200ms`)
      const first = await monitor.shows(/bss_single_queue.*q quits/s)
      await monitor.shows(/bss_single_queue.*q quits/s, first)
      monitor.child.stdin.write(key)
      const { code, output } = await monitor.ended()
      assert.equal(code, 0, output)
      assert.ok(output.includes(ENTER) && output.trimEnd().endsWith(LEAVE), JSON.stringify(output.slice(-80)))
      const inside = output.slice(output.indexOf(ENTER) + ENTER.length, output.lastIndexOf(LEAVE))
      assert.ok(!inside.includes(`${ESC}[2J`), 'nothing is wiped before it is drawn anew')
      assert.ok(inside.includes(`${ESC}[36m`), 'with colours')
      for (const line of inside.replaceAll(`${ESC}[H`, '\n').split(/\r*\n/)) {
        assert.ok(stripVTControlCharacters(line).trimEnd().length <= 70, `wider than the terminal: ${line}`)
      }
    })
  }

  test('NO_COLOR is followed', async () => {
    await using monitor = inTerminal(`${MAIN} monitor`, { NO_COLOR: '1' })
    await monitor.shows(/q quits/)
    monitor.child.stdin.write('q')
    const { output } = await monitor.ended()
    assert.ok(output.includes(ENTER) && !output.includes(`${ESC}[36m`) && !output.includes(`${ESC}[1m`))
  })

  test('a new size is drawn at once, and a crash leaves the terminal as it was', async () => {
    const program = join(dir, 'crash.ts')
    const screen = pathToFileURL(join(SRC, 'monitor-screen.ts')).href
    writeFileSync(
      program,
      `import { Screen } from '${screen}'
const draw = () => screen.draw([\`size \${screen.size.columns}x\${screen.size.rows}\`])
const screen = new Screen(process.stdout, process.stdin, {
  quit() { throw new Error('a fault of ours') },
  resized: draw,
})
screen.enter()
draw()
const { spawnSync } = await import('node:child_process')
spawnSync('stty', ['cols', '44'], { stdio: 'inherit' })
setInterval(() => {}, 1000)
`,
    )
    await using crash = inTerminal(program)
    await crash.shows(/size 70x20.*size 44x20/s)
    crash.child.stdin.write('q')
    const { code, output } = await crash.ended()
    assert.equal(code, 1)
    assert.match(output.slice(output.lastIndexOf(LEAVE)), /a fault of ours/, 'and what was wrong can be read')
  })
})

describe('piped', () => {
  const env = () => ({ env: { WEIR_API_URL: service.url } })

  test('prints a plain block for each look, and ends after the number asked for', async () => {
    const { code, stdout } = await weir(['monitor', '--interval', '100ms', '--count', '2'], env())
    assert.equal(code, 0)
    assert.ok(!stdout.includes(ESC))
    assert.equal(stdout.match(/^weir bss_single_queue \(embedded\) at http:/gm)?.length, 2)
    assert.match(stdout, /^all +\S+:\d+ .* \d+ MB +/m, 'the memory of the process itself')
  })

  test('as JSON a line for each look, with what the process used', async () => {
    const { stdout } = await weir(['monitor', '--json', '--interval', '700ms', '--count', '3'], env())
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(lines.length, 3)
    const { figures, status, url, at } = lines[2]
    assert.equal(url, service.url)
    assert.ok(Date.parse(at) > 0)
    assert.ok(figures.memory_bytes > 30e6 && figures.cpu_cores >= 0, JSON.stringify(figures))
    assert.deepEqual(Object.keys(status.types).sort(), ['CHANGE', 'MNP', 'SUBSCRIPTION', 'TERMINATION'])
  })

  test('a service that is away is told, waited for, and shown when it is there', async () => {
    const port = await freePort()
    const at = { WEIR_API_URL: `http://127.0.0.1:${port}` }
    await using monitor = running(process.execPath, [MAIN, 'monitor', '--json', '--interval', '200ms'], at)
    await monitor.shows(/"away":"[^"]+ECONNREFUSED"/)
    const late = newDataDir()
    const another = await start(port, late)
    try {
      await monitor.shows(/"figures"/)
    } finally {
      await another.stop()
      rmSync(late, { recursive: true })
    }
    monitor.child.kill('SIGTERM')
    assert.equal((await monitor.ended()).code, 0)
    const never = await weir(['monitor', '--count', '1'], { env: at })
    assert.equal(never.code, 1, 'a script that asked for one look and got none')
    assert.match(never.stdout, /^NO ANSWER: /m)
  })
})
