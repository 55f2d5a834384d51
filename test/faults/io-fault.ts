/**
 * A disk that misbehaves on command, for one child process: builds the shim of `io-fault.c`, steers it, and reads how
 * often it struck. Only Linux has LD_PRELOAD; where it cannot work, `ioFaultsMissing` says why, and in CI that is a
 * failure and not a skip.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, realpathSync, rmSync, writeSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

/** The 32-bit words of `struct control`, in its order. */
const FIELDS = [
  'syncErrno',
  'syncDelayMs',
  'writeErrno',
  'shortBytes',
  'skip',
  'syncs',
  'failedSyncs',
  'writes',
  'failedWrites',
  'shortWrites',
] as const
const STEERING = 5

export type DiskCounters = Record<'syncs' | 'failedSyncs' | 'writes' | 'failedWrites' | 'shortWrites', number>

export interface DiskFault {
  /** Every sync fails with it. */
  readonly sync?: 'EIO' | 'ENOSPC'
  /** Every sync takes at least this long. */
  readonly syncDelayMs?: number
  /** Every write fails with it. */
  readonly write?: 'EIO' | 'ENOSPC'
  /** A write takes at most so many bytes. */
  readonly shortBytes?: number
  /** So many calls that would fail still work. */
  readonly skip?: number
}

/** Why faults cannot be injected here; false when they can. In CI, where they must, it throws instead. */
export function ioFaultsMissing(): string | false {
  if (process.platform !== 'linux') return `LD_PRELOAD is a feature of Linux, this is ${process.platform}`
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' })
    return false
  } catch {
    if (process.env.CI) throw new Error('gcc is missing, so the tests of a failing disk cannot run')
    return 'gcc is missing'
  }
}

/** One steerable disk fault. `dir` is what it concerns; `environment` is for the child's. */
export class IoFault {
  readonly environment: Readonly<Record<string, string>>
  readonly #home: string
  readonly #control: number

  constructor(dir: string) {
    this.#home = mkdtempSync(join(tmpdir(), 'weir-io-fault-'))
    const library = join(this.#home, 'io-fault.so')
    const source = join(import.meta.dirname, 'io-fault.c')
    execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'], { stdio: 'pipe' })
    const file = join(this.#home, 'control')
    this.#control = openSync(file, 'w+')
    writeSync(this.#control, Buffer.alloc(FIELDS.length * 4), 0, FIELDS.length * 4, 0)
    this.environment = {
      LD_PRELOAD: library,
      WEIR_FAULT_CONTROL: file,
      WEIR_FAULT_DIR: realpathSync(dir),
    }
  }

  /** From now on; what is not named works. */
  set(fault: DiskFault): void {
    const words = Buffer.alloc(STEERING * 4)
    words.writeInt32LE(fault.sync ? constants.errno[fault.sync] : 0, 0)
    words.writeInt32LE(fault.syncDelayMs ?? 0, 4)
    words.writeInt32LE(fault.write ? constants.errno[fault.write] : 0, 8)
    words.writeInt32LE(fault.shortBytes ?? 0, 12)
    words.writeInt32LE(fault.skip ?? 0, 16)
    writeSync(this.#control, words, 0, words.length, 0)
  }

  mend(): void {
    this.set({})
  }

  /** Since the child started. */
  counters(): DiskCounters {
    const words = Buffer.alloc(FIELDS.length * 4)
    readSync(this.#control, words, 0, words.length, 0)
    const entries = FIELDS.map((name, i) => [name, words.readInt32LE(i * 4)] as const)
    return Object.fromEntries(entries.slice(STEERING)) as DiskCounters
  }

  dispose(): void {
    closeSync(this.#control)
    rmSync(this.#home, { recursive: true, force: true })
  }
}
