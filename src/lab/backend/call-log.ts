/**
 * The back end's own record of what hit it: one JSON value a line, the first of them the header, then one for each call
 * when it ends. Times are wall-clock milliseconds with fractions.
 *
 *   {"kind":"backend","version":1,"capacity":100,"limit":200,"serviceMs":200,"spread":0.5,"burnMs":0,"seed":1}
 *   {"kind":"call","start":…,"end":…,"latencyMs":203.4,"concurrency":17,"status":200,"outcome":"served",
 *    "id":"0198…","type":"MNP","attempt":1,"ref":"…","lateMs":12}
 *   {"kind":"dropped","calls":12}          the disk could not keep up; so many lines are missing
 */

import { once } from 'node:events'
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'

export const CALL_OUTCOMES = [
  /** Its work was done, once, and answered 200 (`gone`: to a caller who had left by then). */
  'served',
  /** The work of this id had been done before: answered 200, nothing done again. */
  'repeated',
  /** Took its time and ended with 500; nothing done. */
  'failed',
  /** Too much inside: 503 at once. */
  'refused',
  /** Never answered: the caller gave up or the back end hung up. */
  'hung',
  /** Cut off by the end of the back end; nothing done. */
  'cut',
] as const
export type CallOutcome = (typeof CALL_OUTCOMES)[number]

export interface LoggedCall {
  readonly kind: 'call'
  readonly start: number
  readonly end: number
  readonly latencyMs: number
  /** Calls inside when it came, itself included, also where it was then not let in. */
  readonly concurrency: number
  /** 0 = no answer. */
  readonly status: number
  readonly outcome: CallOutcome
  /** The message's id as the caller gave it, else the number of the call. */
  readonly id: string
  readonly type?: string
  readonly attempt?: number
  /** The sender's own name of the message, where the content carries it. */
  readonly ref?: string
  readonly gone?: true
  /** How late the back end's event loop came at most since the line before, where that is 1 ms or more. */
  readonly lateMs?: number
}

export interface BackendLogHeader {
  readonly kind: 'backend'
  readonly version: 1
  readonly capacity: number
  readonly limit: number
  readonly serviceMs: number
  readonly spread: number
  readonly burnMs: number
  readonly seed: number
}

export interface DroppedCalls {
  readonly kind: 'dropped'
  readonly calls: number
}

/** Text waiting for the disk; beyond it lines are left out, and counted. */
const LARGEST_PENDING_BYTES = 8 * 1024 * 1024

/** Owns the file between `open` and `close`. */
export class CallLog {
  readonly #stream: WriteStream
  #dropped = 0
  #failure: Error | undefined

  private constructor(stream: WriteStream) {
    this.#stream = stream
    stream.on('error', (error) => {
      this.#failure ??= error
    })
  }

  /** Begins a new file; rejects with the file's error when it cannot be written. */
  static async open(path: string, header: BackendLogHeader): Promise<CallLog> {
    const stream = createWriteStream(path)
    await once(stream, 'open')
    const log = new CallLog(stream)
    stream.write(`${JSON.stringify(header)}\n`)
    return log
  }

  /** Lines left out so far, because the disk was too slow or failed. */
  get dropped(): number {
    return this.#dropped
  }

  write(call: LoggedCall): void {
    if (this.#failure || this.#stream.writableLength > LARGEST_PENDING_BYTES) this.#dropped++
    else this.#stream.write(`${JSON.stringify(call)}\n`)
  }

  /** Resolves when everything is in the file; rejects when the disk failed on the way. */
  async close(): Promise<void> {
    if (this.#failure) throw this.#failure
    if (this.#dropped > 0) {
      const dropped: DroppedCalls = { kind: 'dropped', calls: this.#dropped }
      this.#stream.write(`${JSON.stringify(dropped)}\n`)
    }
    this.#stream.end()
    await once(this.#stream, 'close')
    if (this.#failure) throw this.#failure
  }
}

/** Why a file is not the log of a back end, by line. */
export class CallLogError extends Error {
  constructor(line: number, problem: string) {
    super(`line ${line} of the back end's log: ${problem}`)
    this.name = 'CallLogError'
  }
}

/**
 * The calls of a log, one after the other; memory stays flat. A last line that was cut off by the death of its writer
 * is left out. Throws CallLogError at a line that is none, and where the log itself says that lines are missing.
 */
export async function* readCallLog(path: string): AsyncIterable<LoggedCall> {
  const lines = createInterface({ input: createReadStream(path, { encoding: 'utf8' }), crlfDelay: Infinity })
  let number = 0
  let broken = 0
  for await (const text of lines) {
    number++
    if (broken > 0) throw new CallLogError(broken, 'not a JSON object')
    const entry = entryOf(text)
    if (number === 1) {
      if (entry?.kind !== 'backend' || entry.version !== 1)
        throw new CallLogError(1, 'no header of version 1')
    } else if (entry === undefined) broken = number
    else if (entry.kind === 'dropped')
      throw new CallLogError(number, `${entry.calls} calls were not recorded`)
    else if (entry.kind === 'call') yield checked(entry, number)
    else throw new CallLogError(number, `no such kind: ${String(entry.kind)}`)
  }
  if (number === 0) throw new CallLogError(1, 'it is empty')
}

function entryOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function checked(entry: Record<string, unknown>, line: number): LoggedCall {
  const numbers = ['start', 'end', 'latencyMs', 'concurrency', 'status'] as const
  for (const name of numbers) {
    if (typeof entry[name] !== 'number') throw new CallLogError(line, `${name} must be a number`)
  }
  if (entry.lateMs !== undefined && typeof entry.lateMs !== 'number')
    throw new CallLogError(line, 'lateMs must be a number')
  if (typeof entry.id !== 'string') throw new CallLogError(line, 'id must be text')
  if (!(CALL_OUTCOMES as readonly unknown[]).includes(entry.outcome)) {
    throw new CallLogError(line, `no such outcome: ${String(entry.outcome)}`)
  }
  return entry as unknown as LoggedCall
}
