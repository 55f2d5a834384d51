/**
 * Keeps the looks of a collection: everything as JSON lines, or the main figures as CSV. Every look is in the file
 * before the next one is taken, so a collector that is killed loses none.
 *
 * Owns the file between construction and `close`, which is idempotent.
 */
import { LinesFile } from '../lines-file.ts'
import { type CollectionHeader, type EndLine, lineOf } from './collection.ts'
import type { Collected } from './collector.ts'
import { CsvTable } from './csv.ts'
import type { Look } from './look.ts'

export type CollectionFormat = 'jsonl' | 'csv'

export interface CollectionFileOptions {
  readonly path: string
  readonly format: CollectionFormat
  readonly header: CollectionHeader
  /** Columns of a CSV beside the main figures. */
  readonly types: readonly string[]
  /** The file ends when it has become so large. */
  readonly mostBytes?: number
}

/** A look is some kilobytes, so this is days of seconds. */
const MOST_BYTES = 4_000_000_000

export class CollectionFile {
  readonly #file: LinesFile
  readonly #table: CsvTable | undefined
  readonly #mostBytes: number
  #bytes = 0
  #isClosed = false

  /** Begins a new file; throws the file's error when it cannot be written. */
  constructor({ path, format, header, types, mostBytes = MOST_BYTES }: CollectionFileOptions) {
    this.#file = new LinesFile(path)
    this.#table = format === 'csv' ? new CsvTable(types, header.startedAt) : undefined
    this.#mostBytes = mostBytes
    this.#write(this.#table?.header() ?? jsonLine(header))
  }

  /** False when there is no more room for another one. Throws the file's error. */
  keep(look: Look): boolean {
    this.#write(this.#table?.line(look) ?? jsonLine(lineOf(look)))
    return this.#bytes < this.#mostBytes
  }

  end(at: number, { why, samples, gaps, missed }: Collected): void {
    const line: EndLine = { kind: 'end', at, why, samples, gaps, missed }
    if (!this.#table) this.#write(jsonLine(line))
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#file.close()
  }

  #write(line: string): void {
    this.#bytes += Buffer.byteLength(line)
    this.#file.write(line)
    this.#file.flush()
  }
}

const jsonLine = (value: object): string => `${JSON.stringify(value)}\n`
