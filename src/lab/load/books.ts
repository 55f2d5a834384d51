/** Keeps the two books of a load in step: the counts that the report tells, and the history that the auditor judges. */
import type { Fate } from './messages.ts'
import type { HistoryRecorder } from './recorder.ts'
import type { Tally } from './tally.ts'

/** What a message's fate is called when not even a connection could be made. */
const UNREACHABLE: Fate = { kind: 'failed', code: 'unreachable' }

export class Books {
  readonly #tally: Tally
  readonly #history: HistoryRecorder | undefined

  constructor(tally: Tally, history: HistoryRecorder | undefined) {
    this.#tally = tally
    this.#history = history
  }

  /** Before they leave: what came out must have been attempted. */
  attempted(now: number, refs: readonly string[]): void {
    this.#tally.attempted(now, refs.length)
    for (const ref of refs) this.#history?.record({ kind: 'attempted', ref, at: now })
  }

  /** Fates in the order of the refs. */
  answered(now: number, refs: readonly string[], fates: readonly Fate[]): void {
    for (const [index, fate] of fates.entries()) this.#fate(now, refs[index] ?? '', fate)
  }

  /** No answer, and perhaps they arrived. */
  unknown(now: number, refs: readonly string[], why: string): void {
    for (const ref of refs) {
      this.#tally.fate(now, 'unknown', why)
      this.#history?.record({ kind: 'unknown', ref, why, at: now })
    }
  }

  /** There was not even a connection: they surely did not arrive. */
  unreachable(now: number, refs: readonly string[]): void {
    for (const ref of refs) this.#fate(now, ref, UNREACHABLE)
  }

  flush(): void {
    this.#history?.flush()
  }

  #fate(now: number, ref: string, fate: Fate): void {
    this.#tally.fate(now, fate.kind, fate.kind === 'acknowledged' ? undefined : fate.code)
    if (fate.kind === 'acknowledged') {
      this.#history?.record({ kind: 'acknowledged', ref, id: fate.id, at: now })
    } else if (fate.kind === 'refused' || fate === UNREACHABLE) {
      this.#history?.record({ kind: 'refused', ref, code: fate.code, at: now })
    } else {
      // A fault of the service leaves open whether it took the message.
      this.#history?.record({ kind: 'unknown', ref, why: fate.code, at: now })
    }
  }
}
