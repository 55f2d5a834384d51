/**
 * Group commit: everything that arrives while the store is busy goes into its next batch, so one sync serves all of
 * it (the idea is as old as DeWitt et al., "Implementation Techniques for Main Memory Database Systems", 1984).
 * With one caller a batch is one operation; with thousands it is thousands, and the cost of the sync vanishes.
 */
import { type Clock, WeirError } from '../../core/index.ts'
import type { StoreHost } from './host.ts'
import type { BatchReply, Operation, OperationName, Operations } from './protocol.ts'

interface Pending {
  readonly operation: () => Operation
  weight: number
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: WeirError) => void
}

/** An operation that more can go with until its batch is cut. */
export interface Growing<Answer> {
  readonly answer: Promise<Answer>
  /** Messages, or rows, that it has grown by. */
  add(weight: number): void
}

/** Messages in one transaction: bounds how long the next batch waits for this one. */
const BATCH_WEIGHT = 4_000

export class GroupCommit {
  readonly #host: StoreHost
  readonly #clock: Clock
  readonly #committed: (reply: BatchReply) => void
  #pending: Pending[] = []
  #weight = 0
  #scheduled = false
  #busy = false
  #idle: (() => void)[] = []
  #busySince: number | undefined

  /** `committed` hears of every batch before its callers do. */
  constructor(host: StoreHost, clock: Clock, committed: (reply: BatchReply) => void) {
    this.#host = host
    this.#clock = clock
    this.#committed = committed
  }

  /** Messages handed in and not yet durable. */
  get weight(): number {
    return this.#weight
  }

  /** How long the batch under way has been; 0 when there is none. A disk may never answer. */
  get busyMs(): number {
    return this.#busySince === undefined ? 0 : this.#clock.now() - this.#busySince
  }

  submit<N extends OperationName>(
    name: N,
    ask: Operations[N]['ask'],
    weight = 1,
  ): Promise<Operations[N]['answer']> {
    const { answer, add } = this.open(name, () => ask)
    add(weight)
    return answer
  }

  /** `ask` is called when the batch is cut: what comes until then can go with it. It weighs nothing at first. */
  open<N extends OperationName>(name: N, ask: () => Operations[N]['ask']): Growing<Operations[N]['answer']> {
    const { promise, resolve, reject } = Promise.withResolvers<Operations[N]['answer']>()
    const pending: Pending = {
      operation: () => [name, ask()] as unknown as Operation,
      weight: 0,
      resolve: resolve as (answer: unknown) => void,
      reject,
    }
    this.#pending.push(pending)
    this.#schedule()
    const add = (weight: number): void => {
      pending.weight += weight
      this.#weight += weight
    }
    return { answer: promise, add }
  }

  /** Resolves when nothing is pending or under way. */
  async drained(): Promise<void> {
    while (this.#busy || this.#pending.length > 0)
      await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#scheduled || this.#busy) return
    this.#scheduled = true
    // After this turn of the event loop: every request read in it joins the batch.
    setImmediate(() => {
      this.#scheduled = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    const batch = this.#cut()
    if (batch.length === 0) return
    this.#busy = true
    this.#busySince = this.#clock.now()
    try {
      const operations = batch.map(({ operation }) => operation())
      const reply = await this.#host.run({ now: this.#clock.now(), operations })
      this.#committed(reply)
      answer(batch, reply)
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      this.#committed({
        answers: [],
        faults: [[0, { code: 'storage_failed', detail }]],
        counts: [],
        nextDueAt: null,
        freeBytes: null,
      })
      for (const pending of batch) pending.reject(new WeirError('storage_failed', detail, { cause: error }))
    } finally {
      for (const pending of batch) this.#weight -= pending.weight
      this.#busy = false
      this.#busySince = undefined
      if (this.#pending.length > 0) this.#schedule()
      else for (const wake of this.#idle.splice(0)) wake()
    }
  }

  #cut(): Pending[] {
    let weight = 0
    let end = 0
    while (end < this.#pending.length && (end === 0 || weight < BATCH_WEIGHT)) {
      weight += this.#pending[end]?.weight ?? 0
      end++
    }
    if (end === this.#pending.length) {
      const all = this.#pending
      this.#pending = []
      return all
    }
    return this.#pending.splice(0, end)
  }
}

function answer(batch: readonly Pending[], reply: BatchReply): void {
  for (const [i, fault] of reply.faults) batch[i]?.reject(new WeirError(fault.code, fault.detail))
  // A promise settles once: for those refused above this changes nothing.
  if (reply.answers.length !== batch.length) return
  for (let i = 0; i < batch.length; i++) batch[i]?.resolve(reply.answers[i])
}
