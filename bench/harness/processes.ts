/**
 * Child processes: each variant runs in a process of its own, so that no heap, cache or file of one helps
 * another. Everything started here is ended here, by its own process id.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Started {
  readonly pid: number
  /** What the child said when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>
  stop(): Promise<void>
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly nodeArgs?: readonly string[]
  /** Ends the child. */
  readonly signal?: AbortSignal
}

/** Runs a script of this directory to its end; its last line of output is the JSON result. */
export async function runScript<T>(script: string, config: object, options: ChildOptions = {}): Promise<T> {
  const child = start(script, config, options)
  let last = ''
  createInterface({ input: piped(child) }).on('line', (line) => {
    last = line
  })
  const code = await ended(child)
  if (code !== 0) throw new Error(`${script} ended with ${code}`)
  return JSON.parse(last) as T
}

/**
 * Runs a script once for each of the configs, side by side, each to its end. None begins its work (`togetherWithOthers`
 * in child.ts) before all of them are ready for it.
 */
export async function runTogether<T>(script: string, configs: readonly object[]): Promise<T[]> {
  const team = configs.map((config) => {
    const child = start(script, config, {}, 'pipe')
    const lines: string[] = []
    const isReady = new Promise<void>((resolve, reject) => {
      createInterface({ input: piped(child) }).on('line', (line) => {
        lines.push(line)
        resolve()
      })
      child.once('exit', (code) => reject(new Error(`${script} ended with ${code} before it was ready`)))
    })
    return { child, lines, isReady }
  })
  try {
    await Promise.all(team.map(({ isReady }) => isReady))
    for (const { child } of team) child.stdin?.end('go\n')
    const codes = await Promise.all(team.map(({ child }) => ended(child)))
    if (codes.some((code) => code !== 0)) throw new Error(`${script} ended with ${codes.join(', ')}`)
    return team.map(({ lines }) => JSON.parse(lines.at(-1) ?? '') as T)
  } finally {
    await Promise.all(team.map(({ child }) => stopChild(child)))
  }
}

/** Starts a script that prints one JSON line when it is ready and runs until it gets SIGTERM. */
export async function serveScript(
  script: string,
  config: object,
  options: ChildOptions = {},
): Promise<Started> {
  const child = start(script, config, options)
  const ready = await new Promise<Record<string, unknown>>((resolve, reject) => {
    createInterface({ input: piped(child) }).on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line))
    })
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code} before it was ready`)))
  })
  return { pid: child.pid ?? 0, ready, stop: () => stopChild(child) }
}

/** Any program of the machine; `ready` looks for its line. */
export async function serveProgram(
  program: string,
  args: readonly string[],
  ready: (line: string) => boolean,
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code} before it was ready`)))
    createInterface({ input: piped(child) }).on('line', (line) => {
      if (ready(line)) resolve()
    })
  })
  return { pid: child.pid ?? 0, ready: {}, stop: () => stopChild(child) }
}

/**
 * Seconds of processor time a process has used so far; undefined where the system does not tell (not Linux).
 */
export function cpuSeconds(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return undefined
  }
}

function start(
  script: string,
  config: object,
  options: ChildOptions,
  stdin: 'ignore' | 'pipe' = 'ignore',
): ChildProcess {
  const file = fileURLToPath(new URL(`../${script}`, import.meta.url))
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), file, JSON.stringify(config)], {
    env: { ...process.env, ...options.env },
    stdio: [stdin, 'pipe', 'inherit'],
    ...(options.signal && { signal: options.signal }),
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = ended(child)
  child.kill('SIGTERM')
  const hard = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await gone
  clearTimeout(hard)
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
}

function piped(child: ChildProcess): NodeJS.ReadableStream {
  if (!child.stdout) throw new Error('the child has no output')
  return child.stdout
}
