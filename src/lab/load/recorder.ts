/**
 * Writes a history while a load runs. Synchronous and in large pieces: memory stays flat, nothing is lost that was
 * handed over before a crash of the service under test, and what writing costs shows in the generator's own lag instead
 * of hiding. A generator that is killed itself loses at most the piece at hand.
 *
 * Owns the file between construction and `close`.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { HISTORY_VERSION, type HistoryEvent, historyLine } from '../history.ts'

const PIECE = 256 * 1024

export class HistoryRecorder {
  readonly #file: number
  #pending = ''

  /** Begins a new file; throws the file's error when it cannot be written. `effects`: as in the history's header. */
  constructor(path: string, effects = false) {
    this.#file = openSync(path, 'w')
    this.#pending = historyLine({ kind: 'history', version: HISTORY_VERSION, effects })
  }

  record(event: HistoryEvent): void {
    this.#pending += historyLine(event)
    if (this.#pending.length >= PIECE) this.flush()
  }

  flush(): void {
    const bytes = Buffer.from(this.#pending)
    this.#pending = ''
    // A write may take only part of it.
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
  }

  close(): void {
    this.flush()
    closeSync(this.#file)
  }
}
