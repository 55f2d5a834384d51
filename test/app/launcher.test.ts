/** The launcher: when it installs, which Node it takes, and what it says when none fits. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { withLimit } from '../fixtures/process.ts'

interface Launcher {
  atLeast(a: string, b: string): boolean
  versionLine(found: string): string
  staleReason(root: string, dev: boolean): string | undefined
  chooseRuntime(root: string, now: { version: string; execPath: string }): { run?: string; line?: string }
}
// A name that the compiler does not follow: the launcher is plain JavaScript.
const file = '../../bin/bootstrap.mjs'
const { atLeast, versionLine, staleReason, chooseRuntime } = (await import(file)) as Launcher

const LOCK = {
  a: { version: '1.0.0', integrity: 'x' },
  b: { version: '1.0.0', dev: true },
  c: { optional: true },
}

function clone(installed: object | undefined, use: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'weir-launcher-'))
  try {
    mkdirSync(join(root, 'src', 'cli'), { recursive: true })
    mkdirSync(join(root, 'node_modules', '.bin'), { recursive: true })
    cpSync('bin', join(root, 'bin'), { recursive: true })
    writeFileSync(join(root, 'package.json'), '{"type":"module"}')
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...LOCK } }))
    if (installed) {
      writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }))
    }
    use(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('versions are compared as numbers', () => {
  assert.ok(atLeast('22.18.0', '22.18.0'))
  assert.ok(atLeast('24.0.0', '22.18.0'))
  assert.ok(!atLeast('22.9.0', '22.18.0'))
  assert.ok(!atLeast('20.20.2', '22.18.0'))
})

test('an install is due when something is missing or differs, and only then', () => {
  const { a, b } = LOCK
  clone(undefined, (root) => assert.match(staleReason(root, true) ?? '', /not installed/))
  clone({ a, b }, (root) => assert.equal(staleReason(root, true), undefined))
  clone({ a }, (root) => assert.match(staleReason(root, true) ?? '', /incomplete/))
  clone({ a }, (root) => assert.equal(staleReason(root, false), undefined))
  clone({ a: { ...a, version: '0.9.0' }, b }, (root) => assert.match(staleReason(root, true) ?? '', /older/))
})

test('an old Node without the pinned one gets one line; with it, it only launches', () => {
  const old = { version: '20.20.2', execPath: '/bin/sh' }
  clone(LOCK, (root) => {
    assert.equal(chooseRuntime(root, old).line, versionLine('20.20.2'))
    assert.match(versionLine('20.20.2'), /Node 22\.18 or newer.*20\.20\.2/)
    assert.equal(chooseRuntime(root, { ...old, version: '22.18.0' }).run, 'here')
    const pinned = join(root, 'node_modules', '.bin', 'node')
    symlinkSync(process.execPath, pinned)
    assert.equal(chooseRuntime(root, old).run, pinned)
    assert.equal(chooseRuntime(root, { version: '24.0.0', execPath: process.execPath }).run, 'here')
  })
})

test('a clone without dependencies runs npm ci once, says so, and passes arguments and exit code on', () => {
  clone(undefined, (root) => {
    const bin = join(root, 'stub')
    mkdirSync(bin)
    const installed = JSON.stringify({ packages: { a: LOCK.a, b: LOCK.b } })
    writeFileSync(
      join(bin, 'npm'),
      `#!/bin/sh\necho "npm $1" >&2\necho '${installed}' > node_modules/.package-lock.json\n`,
    )
    chmodSync(join(bin, 'npm'), 0o755)
    writeFileSync(
      join(root, 'src', 'cli', 'main.ts'),
      'const args: string[] = process.argv.slice(2)\nconsole.log(args.join())\nprocess.exitCode = 7\n',
    )
    const { npm_execpath: _, ...env } = process.env
    const start = () =>
      spawnSync(process.execPath, [join(root, 'bin', 'weir.mjs'), 'up', '-x'], {
        encoding: 'utf8',
        env: { ...env, PATH: `${bin}:${env.PATH}` },
      })
    const first = start()
    assert.equal(first.status, 7)
    assert.equal(first.stdout, 'up,-x\n')
    assert.match(first.stderr, /not installed yet; running npm ci[^\n]*\nnpm ci\n$/)
    assert.equal(start().stderr, '')
  })
})

test('what is compiled is kept beside the dependencies, or where the environment says', () => {
  for (const isLaunched of [true, false]) {
    clone({ a: LOCK.a, b: LOCK.b }, (root) => {
      // Another file than the Node that launches, as in a clone on a machine with a Node of its own; or none.
      const pinned = join(root, 'node_modules', '.bin', 'node')
      if (isLaunched) writeFileSync(pinned, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 })
      const main = 'const dir: string | undefined = process.env.NODE_COMPILE_CACHE\nconsole.log(dir)\n'
      writeFileSync(join(root, 'src', 'cli', 'main.ts'), main)
      const { NODE_COMPILE_CACHE: _, ...env } = process.env
      const keptIn = (environment: NodeJS.ProcessEnv) => {
        const args = [join(root, 'bin', 'weir.mjs')]
        const dir = spawnSync(process.execPath, args, { encoding: 'utf8', env: environment }).stdout.trim()
        const kept = readdirSync(dir, { recursive: true, withFileTypes: true })
        assert.ok(
          kept.some((one) => one.isFile()),
          'something is kept',
        )
        return dir
      }
      assert.equal(keptIn(env), join(root, 'node_modules', '.cache', 'weir'))
      const elsewhere = join(root, 'elsewhere')
      assert.equal(keptIn({ ...env, NODE_COMPILE_CACHE: elsewhere }), elsewhere)
    })
  }
})

test('S1: npm start, and a SIGTERM to npm as a supervisor sends it: Weir stops, it is not left behind', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'weir-npm-'))
  const env = { PATH: process.env.PATH, HOME: dataDir, LOG_FORMAT: 'json', API_PORT: '0', ROOM_PORT: 'off' }
  const npm = spawn('npm', ['start'], {
    env: { ...env, DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, so that whatever it leaves behind can be ended with it.
    detached: true,
  })
  const { pid } = npm
  assert.ok(pid)
  let output = ''
  const ended = new Promise<void>((resolve) => npm.stdout.once('close', resolve))
  try {
    await new Promise<void>((resolve, reject) => {
      npm.stdout.on('data', (chunk) => {
        output += chunk
        if (output.includes('Weir is running')) resolve()
      })
      ended.then(() => reject(new Error(`ended before it ran: ${output}`)))
    })
    npm.kill('SIGTERM')
    // Everything that writes there has ended then, also what npm started.
    await withLimit(ended, 30_000, () => `left behind: ${output}`)
    assert.match(output, /"msg":"Stopped"/)
  } finally {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // Nobody is left, as it should be.
    }
    rmSync(dataDir, { recursive: true, force: true })
  }
})
