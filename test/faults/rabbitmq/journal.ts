/**
 * One file that every process of a scenario appends to, so that what each of them saw stands in one order, and what a
 * process saw before it was killed is not lost with it: a line is one write, and the file belongs to the system.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { realClock } from '../../../src/app/index.ts'

export type JournalEntry =
  /** About to be published, under this id; a repeated try has another one. */
  | { readonly kind: 'attempted'; readonly ref: string; readonly id: string; readonly orderingKey?: string }
  | { readonly kind: 'acknowledged'; readonly ref: string; readonly id: string }
  /** `sent` false: refused at the door, so it must never come out. */
  | { readonly kind: 'refused'; readonly ref: string; readonly code: string; readonly sent: boolean }
  /** Handed to a processor. */
  | { readonly kind: 'handed'; readonly ref: string; readonly id: string; readonly attempt: number }
  /** The effect store took it now, or said that it had it already. */
  | { readonly kind: 'applied' | 'already'; readonly ref: string; readonly id: string }
  /** Its process stood still, for so long until now. */
  | { readonly kind: 'late'; readonly ms: number }
  /** What the engine says of itself, whenever that changes. */
  | { readonly kind: 'state'; readonly accepting: string; readonly health: string }

export type Line = JournalEntry & { readonly by: string; readonly at: number }

export class Journal {
  readonly #file: number
  readonly #by: string

  constructor(path: string, by: string) {
    this.#file = openSync(path, 'a')
    this.#by = by
  }

  write(entries: readonly JournalEntry[]): void {
    const at = realClock.now()
    const text = entries.map((entry) => `${JSON.stringify({ ...entry, by: this.#by, at })}\n`).join('')
    if (text !== '') writeSync(this.#file, text)
  }

  close(): void {
    closeSync(this.#file)
  }
}

export function readJournal(path: string): Line[] {
  const texts = readFileSync(path, 'utf8').split('\n')
  // Nothing is written after the last newline but a line that its writer was killed in.
  return texts.slice(0, -1).map((text) => JSON.parse(text) as Line)
}
