/**
 * Sends a stream of messages in batches and accounts for every one of them: accepted, refused (with the reason) or
 * failed (nobody knows). A message that is refused only for now is sent again, with the same idempotency key.
 */

import { type BatchItem, type MessageInput, type WeirClient, WeirClientError } from '../client/index.ts'
import { type Clock, LIMITS, pause } from '../core/index.ts'
import type { ReadLine } from './message-lines.ts'

export interface SendReport {
  accepted: number
  refused: number
  failed: number
  /** Messages seen so far. */
  read: number
  /** The first faults, one line each. */
  readonly problems: string[]
}

export interface SenderOptions {
  readonly client: WeirClient
  readonly clock: Clock
  /** undefined: the service does no idempotency keys; then what may have been taken is not sent again. */
  readonly newKey: (() => string) | undefined
  readonly batchSize: number
  /** Requests under way at once. */
  readonly parallel: number
  readonly onAccepted?: (id: string) => void
  readonly onProgress?: (report: SendReport) => void
}

interface Numbered {
  readonly line: number
  readonly message: MessageInput
}

const PROBLEMS_KEPT = 10
/** JSON of the messages of one request; the rest of what the service takes is for what stands around them. */
const BATCH_BYTES = Math.floor(LIMITS.bodyBytes * 0.88)
/** Rounds in which messages refused for now are sent again, and the longest pause before one. */
const ROUNDS = 5
const LONGEST_PAUSE_MS = 30_000
/** Nothing was taken, for sure. */
const NOT_TAKEN: ReadonlySet<string> = new Set(['backlog_full', 'overloaded'])
/** Or something may have been: with its key it is the same message again. */
const FOR_NOW: ReadonlySet<string> = new Set([
  ...NOT_TAKEN,
  'storage_failed',
  'storage_full',
  'broker_unavailable',
  'broker_blocked',
])
const mayRepeat = ({ newKey }: SenderOptions): ReadonlySet<string> => (newKey ? FOR_NOW : NOT_TAKEN)

/** Never rejects for what the service says; the report tells. */
export async function sendAll(lines: AsyncIterable<ReadLine>, options: SenderOptions): Promise<SendReport> {
  const report: SendReport = { accepted: 0, refused: 0, failed: 0, read: 0, problems: [] }
  const underWay = new Set<Promise<void>>()
  const state = { unreachable: false }
  let batch: Numbered[] = []
  let batchBytes = 0
  const flush = async () => {
    const full = batch
    batch = []
    batchBytes = 0
    while (underWay.size >= options.parallel) await Promise.race(underWay)
    const sending = sendBatch(full, options, report, state).finally(() => underWay.delete(sending))
    underWay.add(sending)
  }
  for await (const item of lines) {
    report.read++
    if (item.kind === 'fault') {
      report.refused++
      note(report, item.line, item.problem)
      continue
    }
    const idempotencyKey = item.message.idempotencyKey ?? options.newKey?.()
    const message = idempotencyKey === undefined ? item.message : { ...item.message, idempotencyKey }
    const bytes = Buffer.byteLength(JSON.stringify(message)) + 1
    // A message too large by itself goes alone, so that its refusal takes no other with it.
    if (batch.length > 0 && batchBytes + bytes > BATCH_BYTES) await flush()
    batch.push({ line: item.line, message })
    batchBytes += bytes
    if (batch.length >= options.batchSize) await flush()
  }
  if (batch.length > 0) await flush()
  await Promise.all(underWay)
  options.onProgress?.(report)
  return report
}

async function sendBatch(
  batch: readonly Numbered[],
  options: SenderOptions,
  report: SendReport,
  state: { unreachable: boolean },
): Promise<void> {
  let left = batch
  for (let round = 1; left.length > 0; round++) {
    // Once the service is gone each further batch would only wait for the same answer.
    if (state.unreachable) {
      report.failed += left.length
      break
    }
    try {
      const answer = await options.client.sendBatch(left.map((item) => item.message))
      left = tally(left, answer.results, round === ROUNDS, options, report)
      options.onProgress?.(report)
      if (left.length > 0) await pause(options.clock, pauseMs(answer.results))
    } catch (error) {
      if (!(error instanceof WeirClientError)) throw error
      if (error.retryable && mayRepeat(options).has(error.code) && round < ROUNDS) {
        await pause(options.clock, Math.min(LONGEST_PAUSE_MS, error.retryAfterMs ?? 1000))
        continue
      }
      if (error.code === 'unreachable') state.unreachable = true
      giveUp(left, error, report)
      break
    }
  }
  options.onProgress?.(report)
}

/** A 4xx says that nothing was taken; otherwise the answer may have been lost after the messages were. */
function giveUp(left: readonly Numbered[], error: WeirClientError, report: SendReport): void {
  if (error.status >= 400 && error.status < 500) report.refused += left.length
  else report.failed += left.length
  note(report, left[0]?.line ?? 0, error.message)
}

/** Books what is final and gives back what is to be sent again. */
function tally(
  sent: readonly Numbered[],
  results: readonly BatchItem[],
  last: boolean,
  options: SenderOptions,
  report: SendReport,
): Numbered[] {
  const again: Numbered[] = []
  for (const [index, item] of sent.entries()) {
    const result = results[index]
    if (result?.status === 'accepted') {
      report.accepted++
      options.onAccepted?.(result.id ?? '')
    } else if (result && mayRepeat(options).has(result.code ?? '') && !last) again.push(item)
    else if (result) {
      report.refused++
      const faults = result.errors?.map(({ field, problem }) => `${field}: ${problem}`).join('; ')
      note(report, item.line, faults || result.detail || result.code || 'refused')
    } else {
      report.failed++
      note(report, item.line, 'the answer says nothing about it')
    }
  }
  return again
}

function pauseMs(results: readonly BatchItem[]): number {
  const seconds = Math.max(1, ...results.map((result) => result.retryAfterSeconds ?? 0))
  return Math.min(LONGEST_PAUSE_MS, seconds * 1000)
}

function note(report: SendReport, line: number, problem: string): void {
  if (report.problems.length < PROBLEMS_KEPT) report.problems.push(`line ${line}: ${problem}`)
}
