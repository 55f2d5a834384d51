/**
 * A recorded history: what a client saw and what came out, in the order in which the recorder learned of it. One JSON
 * value a line, the first of them the header. It is written while things go wrong, so it is append-only, and a last
 * line without its end is what a recorder leaves behind that was killed while writing.
 *
 *   {"kind":"history","version":1,"effects":true}
 *   {"kind":"attempted","ref":"k1"}                      the client is about to send what it calls k1
 *   {"kind":"acknowledged","ref":"k1","id":"0198…"}      a 2xx, and the id in it
 *   {"kind":"refused","ref":"k2","code":"backlog_full"}  an answer that says no
 *   {"kind":"unknown","ref":"k3","why":"timeout"}        no answer: it may or may not have arrived
 *   {"kind":"effect","id":"0198…","ref":"k1"}            its effect was seen to happen once
 *   {"kind":"ended","id":"0198…","state":"done"}         it was seen to end once, in this state
 *   {"kind":"waiting","id":"0198…","state":"ready"}      it was still under way when the recorder stopped looking
 *
 * `at`, on any of them, is the moment: wall-clock milliseconds since the epoch, with fractions. The auditor judges by
 * the order of the lines; moments are for what is drawn from them.
 *
 * `ref` is the client's own name of a message, the same in every try of it. Where what comes out carries it (in the
 * content, say), a message whose answer was lost is known again; without it, `id` leads back through the answer.
 */
import { createReadStream } from 'node:fs'

export const HISTORY_VERSION = 1

export interface HistoryHeader {
  readonly kind: 'history'
  readonly version: typeof HISTORY_VERSION
  /** Whether every effect was observed; then a message that is done without one is lost work. */
  readonly effects: boolean
}

export interface Attempted {
  readonly kind: 'attempted'
  readonly ref: string
  /** Those of one key were promised to come out in order. */
  readonly orderingKey?: string
  /** The client set a time to live, so that ending as expired is what it asked for. */
  readonly mayExpire?: boolean
  readonly at?: number
}

export interface Acknowledged {
  readonly kind: 'acknowledged'
  readonly ref: string
  readonly id: string
  readonly at?: number
}

export interface Refused {
  readonly kind: 'refused'
  readonly ref: string
  readonly code?: string
  readonly at?: number
}

export interface Unknown {
  readonly kind: 'unknown'
  readonly ref: string
  readonly why?: string
  readonly at?: number
}

interface CameOut {
  readonly id: string
  readonly ref?: string
  /** When it came out, where that is known. */
  readonly at?: number
}

export interface EffectSeen extends CameOut {
  readonly kind: 'effect'
}

export interface Ended extends CameOut {
  readonly kind: 'ended'
  readonly state: FinalState
}

export interface Waiting extends CameOut {
  readonly kind: 'waiting'
  readonly state: string
}

export type FinalState = (typeof FINAL_STATES)[number]
export const FINAL_STATES = ['done', 'rejected', 'dead', 'expired'] as const

export type HistoryEvent = Attempted | Acknowledged | Refused | Unknown | EffectSeen | Ended | Waiting

/** What a line must carry beside its kind; all of it text that is not empty. */
const TEXTS: Record<HistoryEvent['kind'], readonly string[]> = {
  attempted: ['ref'],
  acknowledged: ['ref', 'id'],
  refused: ['ref'],
  unknown: ['ref'],
  effect: ['id'],
  ended: ['id', 'state'],
  waiting: ['id', 'state'],
}
const OPTIONAL_TEXTS = ['ref', 'code', 'why', 'orderingKey'] as const

const LONGEST_LINE = 1024 * 1024

export class HistoryError extends Error {
  /** From 1. */
  readonly line: number

  constructor(line: number, problem: string) {
    super(`line ${line} of the history: ${problem}`)
    this.name = 'HistoryError'
    this.line = line
  }
}

export const historyLine = (entry: HistoryHeader | HistoryEvent): string => `${JSON.stringify(entry)}\n`

export interface RecordedHistory {
  readonly header: HistoryHeader
  /** May be walked once. Throws HistoryError at a line that is none. */
  readonly events: AsyncIterable<HistoryEvent>
}

/** Opens a recorded history; memory stays flat however long it is. Rejects with HistoryError or the file's error. */
export async function readHistory(path: string): Promise<RecordedHistory> {
  return parseHistory(linesOf(path))
}

/** The same from any source of lines; `whole` is false for a last line that was cut off. */
export async function parseHistory(
  lines: AsyncIterable<{ readonly text: string; readonly whole: boolean }>,
): Promise<RecordedHistory> {
  const walk = lines[Symbol.asyncIterator]()
  const first = await walk.next()
  if (first.done) throw new HistoryError(1, 'it is empty')
  const header = headerOf(first.value.text)
  async function* events(): AsyncIterable<HistoryEvent> {
    for (let number = 2; ; number++) {
      const line = await walk.next()
      if (line.done) return
      if (line.value.text.trim() === '') continue
      const event = eventOf(line.value.text, number, line.value.whole)
      if (!event) return
      yield event
    }
  }
  return { header, events: events() }
}

async function* linesOf(path: string): AsyncIterable<{ text: string; whole: boolean }> {
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 })) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) yield { text, whole: true }
    // Without this bound a file that is no history at all would be read into memory whole.
    if (rest.length > LONGEST_LINE) throw new Error(`${path}: a line is longer than a history has`)
  }
  if (rest !== '') yield { text: rest, whole: false }
}

function headerOf(text: string): HistoryHeader {
  const value = objectOf(text)
  if (value?.kind !== 'history') throw new HistoryError(1, 'it does not begin with a history header')
  if (value.version !== HISTORY_VERSION) {
    throw new HistoryError(1, `version ${String(value.version)} is not known here, only ${HISTORY_VERSION}`)
  }
  if (typeof value.effects !== 'boolean') throw new HistoryError(1, 'effects must be true or false')
  return { kind: 'history', version: HISTORY_VERSION, effects: value.effects }
}

/** undefined for a last line that was cut off: what it would have said is not known. */
function eventOf(text: string, line: number, whole: boolean): HistoryEvent | undefined {
  const value = objectOf(text)
  if (!value) {
    if (!whole) return undefined
    throw new HistoryError(line, 'not a JSON object')
  }
  const kind = String(value.kind)
  if (!Object.hasOwn(TEXTS, kind)) throw new HistoryError(line, `no such kind: ${kind}`)
  for (const name of TEXTS[kind as HistoryEvent['kind']]) {
    if (typeof value[name] !== 'string' || value[name] === '') {
      throw new HistoryError(line, `${kind} needs ${name}`)
    }
  }
  for (const name of OPTIONAL_TEXTS) {
    if (value[name] !== undefined && typeof value[name] !== 'string') {
      throw new HistoryError(line, `${name} must be text`)
    }
  }
  if (value.at !== undefined && typeof value.at !== 'number')
    throw new HistoryError(line, 'at must be a number')
  if (value.mayExpire !== undefined && typeof value.mayExpire !== 'boolean') {
    throw new HistoryError(line, 'mayExpire must be true or false')
  }
  if (kind === 'ended' && !(FINAL_STATES as readonly unknown[]).includes(value.state)) {
    throw new HistoryError(line, `${String(value.state)} is not a final state`)
  }
  return value as unknown as HistoryEvent
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
