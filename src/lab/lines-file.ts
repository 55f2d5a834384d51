/**
 * A file that is written line by line while a load runs. Synchronous and in large pieces: memory stays flat, nothing is
 * lost that was handed over before a crash of the service under test, and what writing costs shows in the generator's
 * own lag instead of hiding. A generator that is killed itself loses at most the piece at hand.
 *
 * Owns the file between construction and `close`.
 */
import { closeSync, openSync, writeSync } from 'node:fs'

const PIECE = 256 * 1024

export class LinesFile {
  readonly #file: number
  #pending = ''

  /** Begins a new file; throws the file's error when it cannot be written. */
  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  /** `line`: with its end. */
  write(line: string): void {
    this.#pending += line
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
