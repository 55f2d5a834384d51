/**
 * The writes of all lines: one after the other in a chain, each right after the one before it, so that what is on the
 * disk is always some prefix of what happened (L4). While the store is busy the steps of one line become one write:
 * a row that nobody was answered from need not be written.
 *
 *   a step changes a line ──▶ joins the line's open write, or begins one ──the batch is cut──▶ numbered, under way
 *                             the step broke off ──▶ the open write is void: the store refuses it
 */
import { WeirError } from '../../../core/index.ts'
import type { Growing } from '../group-commit.ts'
import type { StepWrite } from './changes.ts'
import type { Line } from './line.ts'
import type { LineWrite } from './rows.ts'

export type OpenWrite = (write: () => LineWrite) => Growing<boolean>

/** Changes in one write: bounds how long the store works on it before it looks at another. */
const WRITE_WEIGHT = 1_000
/** Follows no other number. */
const VOID = -1

interface Joined {
  readonly written: Promise<void>
  add(changes: number): void
  spoil(): void
}

export class LineWrites {
  readonly #openWrite: OpenWrite
  readonly #failed: (error: unknown) => void
  readonly #open = new Map<Line, Joined>()
  #chain = 0
  /** Handed in and not yet answered. */
  #underWay = 0
  #last: Promise<void> = Promise.resolve()

  /** `failed` hears of every write that failed. */
  constructor(openWrite: OpenWrite, failed: (error: unknown) => void) {
    this.#openWrite = openWrite
    this.#failed = failed
  }

  /** After the lines were read anew; nothing is under way. */
  goOnFrom(chain: number): void {
    this.#chain = chain
  }

  /** Resolves when what a step changed, and everything before it, is durable. */
  written(line: Line, changes: number): Promise<void> {
    const write = this.#open.get(line) ?? this.#begin(line)
    write.add(changes)
    return write.written
  }

  /** A step broke off amid its changes to this line: they must not reach the disk, nor what would go with them. */
  spoil(line: Line): void {
    this.#open.get(line)?.spoil()
  }

  /** Resolves when everything that has changed so far is durable. */
  async settled(): Promise<void> {
    // What joins an open write is older than the last one or goes with it: batches are answered in order.
    if (this.#underWay > 0) await this.#last
  }

  #begin(line: Line): Joined {
    let step: StepWrite | undefined
    let weight = 0
    let isVoid = false
    const take = (): StepWrite => {
      if (step) return step
      this.#open.delete(line)
      step = line.book.take()
      if (!step) throw new Error('a write of nothing')
      return step
    }
    // The number is given when the batch is cut: only then it is known what goes before.
    const { answer, add } = this.#openWrite(() => ({ ...take(), chain: isVoid ? VOID : ++this.#chain }))
    this.#underWay++
    const written = answer
      .then((done) => {
        if (!done) throw new WeirError('storage_failed', 'a write before this one failed')
      })
      .finally(() => this.#underWay--)
    this.#last = written
    written.catch((error: unknown) => this.#failed(error))
    const write = {
      written,
      add: (changes: number): void => {
        weight += changes
        add(changes)
        if (weight >= WRITE_WEIGHT) take()
      },
      spoil: (): void => {
        isVoid = true
      },
    }
    this.#open.set(line, write)
    return write
  }
}
