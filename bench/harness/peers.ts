/**
 * The peers' packages live in this directory's own node_modules, installed from its own lockfile when a bench
 * first asks. They are loaded through `require` under the narrow types written here, so that the project's
 * type check does not depend on whether they are installed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const load = createRequire(import.meta.url)
const HERE = fileURLToPath(new URL('..', import.meta.url))

/** undefined = there; otherwise why not. */
export function installPeers(say: (line: string) => void): string | undefined {
  if (existsSync(`${HERE}/node_modules/.package-lock.json`)) return undefined
  say('installing the peers (once): npm ci in bench/')
  const { status, error } = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: HERE,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status === 0) return undefined
  return `npm ci in bench/ failed${error ? `: ${error.message}` : ''}`
}

/** Whether a program is on the PATH. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0
}

export interface BetterStatement {
  run(...values: unknown[]): { changes: number }
}
export interface BetterDatabase {
  exec(sql: string): unknown
  prepare(sql: string): BetterStatement
  close(): void
}

export function loadBetterSqlite(): new (file: string) => BetterDatabase {
  return load('better-sqlite3')
}

export interface BullQueue {
  addBulk(jobs: { name: string; data: unknown; opts?: object }[]): Promise<unknown>
  close(): Promise<void>
}
export interface BullWorker {
  on(event: 'completed', listener: () => void): unknown
  run(): Promise<void>
  close(): Promise<void>
}
interface Bull {
  Queue: new (name: string, options: object) => BullQueue
  Worker: new (name: string, processor: () => Promise<unknown>, options: object) => BullWorker
}

export function loadBull(): Bull {
  return load('bullmq')
}
