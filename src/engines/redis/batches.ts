/**
 * Calls that arrive while one is under way go together in the next: many moves per round trip when there is much to
 * do, no waiting when there is little. A call is never split, so it happens as a whole or not at all.
 */
import { failed } from './faults.ts'

/** One of the items cannot be done, and because of it none was: the others can be done without it. */
export class Unusable extends Error {
  readonly indexes: ReadonlySet<number>

  constructor(message: string, indexes: ReadonlySet<number>) {
    super(message)
    this.indexes = indexes
  }
}

export interface BatchOptions<Item, Result> {
  /** One result per item, in order. Rejects with `Unusable`, or with what every caller shall get. */
  readonly send: (items: readonly Item[]) => Promise<Result[]>
  /** Items that go together, unless a single call has more. */
  readonly most: number
  /** Items that wait at most; beyond it calls are refused. */
  readonly waiting: number
  /** What those calls get; `storage_failed` unless set. */
  readonly refusal?: (waiting: number) => Error
}

interface Call<Item, Result> {
  readonly items: readonly Item[]
  readonly resolve: (results: Result[]) => void
  readonly reject: (error: unknown) => void
}

export class Batches<Item, Result> {
  readonly #options: BatchOptions<Item, Result>
  #calls: Call<Item, Result>[] = []
  #waiting = 0
  #running: Promise<void> | undefined

  constructor(options: BatchOptions<Item, Result>) {
    this.#options = options
  }

  submit(items: readonly Item[]): Promise<Result[]> {
    if (items.length === 0) return Promise.resolve([])
    if (this.#waiting > 0 && this.#waiting + items.length > this.#options.waiting) {
      const { waiting, refusal = tooMany } = this.#options
      return Promise.reject(refusal(waiting))
    }
    this.#waiting += items.length
    return new Promise((resolve, reject) => {
      this.#calls.push({ items, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    // What this turn of the event loop still brings goes with the first.
    await undefined
    while (this.#calls.length > 0) {
      const calls = this.#next()
      this.#waiting -= sizeOf(calls)
      await this.#send(calls)
    }
    this.#running = undefined
  }

  #next(): Call<Item, Result>[] {
    let size = 0
    let end = 0
    for (const { items } of this.#calls) {
      size += items.length
      if (end > 0 && size > this.#options.most) break
      end++
    }
    return this.#calls.splice(0, end)
  }

  async #send(calls: readonly Call<Item, Result>[]): Promise<void> {
    if (calls.length === 0) return
    try {
      const results = await this.#options.send(calls.flatMap(({ items }) => items))
      let from = 0
      for (const { items, resolve } of calls) {
        resolve(results.slice(from, from + items.length))
        from += items.length
      }
    } catch (error) {
      if (!(error instanceof Unusable)) {
        for (const { reject } of calls) reject(error)
        return
      }
      await this.#send(this.#without(calls, error))
    }
  }

  /** Refuses the calls that an unusable item belongs to and returns the others. */
  #without(calls: readonly Call<Item, Result>[], error: Unusable): Call<Item, Result>[] {
    const others: Call<Item, Result>[] = []
    let from = 0
    for (const call of calls) {
      const end = from + call.items.length
      if ([...error.indexes].some((index) => index >= from && index < end))
        call.reject(failed(error.message, error))
      else others.push(call)
      from = end
    }
    if (others.length === calls.length) throw new Error('an unusable item belongs to no call')
    return others
  }
}

const tooMany = (waiting: number): Error => failed(`more than ${waiting} moves wait for Redis`)

function sizeOf(calls: readonly { readonly items: readonly unknown[] }[]): number {
  return calls.reduce((sum, { items }) => sum + items.length, 0)
}
