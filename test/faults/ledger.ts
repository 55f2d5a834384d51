/**
 * The client's side of the fault tests: sends over HTTP while the service dies and comes back, and writes down what it
 * saw, and only that. The verdict is the auditor's.
 */
import { Auditor, type HistoryEvent } from '../../src/lab/index.ts'

export const TYPES = ['SUBSCRIPTION', 'MNP', 'CHANGE', 'TERMINATION'] as const
const CUSTOMERS = 7
const ORDERING_KEYS = 5
const ANSWER_LIMIT_MS = 30_000

interface Sent {
  readonly ref: string
  readonly body: Readonly<Record<string, unknown>>
  readonly orderingKey?: string
}

interface Answer {
  readonly results?: readonly { readonly status: string; readonly id?: string; readonly code?: string }[]
  readonly id?: string
  readonly code?: string
}

/** What the client saw. */
export class Ledger {
  readonly auditor = new Auditor({ effects: true })
  /** By the client's name of the message. */
  readonly acknowledged = new Map<string, string>()
  /** Refusals by code, to hold against what the test did to the service. */
  readonly refusals = new Map<string, number>()
  readonly #waiting = new Set<{ readonly count: number; readonly wake: () => void }>()

  record(event: HistoryEvent): void {
    this.auditor.observe(event)
    if (event.kind === 'refused') {
      const code = event.code ?? 'none'
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
    }
    if (event.kind !== 'acknowledged') return
    this.acknowledged.set(event.ref, event.id)
    for (const waiting of this.#waiting) if (this.acknowledged.size >= waiting.count) waiting.wake()
  }

  /** Resolves when `more` further messages have been acknowledged; `cancelled` ends the wait as well. */
  async acknowledges(more: number, cancelled?: Promise<unknown>): Promise<void> {
    const count = this.acknowledged.size + more
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = { count, wake: resolve }
    this.#waiting.add(waiting)
    await Promise.race([promise, ...(cancelled ? [cancelled] : [])])
    this.#waiting.delete(waiting)
  }
}

/** Where the service is, while it is; those who ask meanwhile wait. */
export class Address {
  #next = Promise.withResolvers<string>()
  #isUp = false

  up(url: string): void {
    this.#isUp = true
    this.#next.resolve(url)
  }

  down(): void {
    // Those who wait already wait for this very promise.
    if (this.#isUp) this.#next = Promise.withResolvers<string>()
    this.#isUp = false
  }

  url(): Promise<string> {
    return this.#next.promise
  }
}

export interface LoadOptions {
  readonly ledger: Ledger
  readonly address: Address
  readonly random: () => number
  readonly clients: number
}

/** Clients that send singles and batches, with and without idempotency keys, until told to stop. */
export class Load {
  readonly #options: LoadOptions
  readonly #clients: Promise<void>[]
  #stopping = false
  #abandoned = false
  #made = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#clients = Array.from({ length: options.clients }, (_, i) => this.#client(i))
  }

  /** Ends it wherever it is: a test that failed must not leave clients behind that keep its process alive. */
  abandon(): void {
    this.#stopping = true
    this.#abandoned = true
  }

  /** Every repeated try is carried to its answer first, so the service must be up. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#clients)
  }

  async #client(number: number): Promise<void> {
    while (!this.#stopping) {
      const keyed = this.#options.random() < 0.6
      const size = this.#options.random() < 0.5 ? 1 : 2 + Math.floor(this.#options.random() * 30)
      const batch = Array.from({ length: size }, () => this.#make(number, keyed))
      for (const { ref, orderingKey } of batch) {
        this.#options.ledger.record({ kind: 'attempted', ref, ...(orderingKey && { orderingKey }) })
      }
      await this.#deliver(batch, keyed)
    }
  }

  /** A try without an answer is repeated only where a key makes both the same message. */
  async #deliver(batch: readonly Sent[], keyed: boolean): Promise<void> {
    do {
      const url = await this.#options.address.url()
      if (await this.#send(url, batch)) return
    } while (keyed && !this.#abandoned)
  }

  /** False when there was no answer, or one that says "try again". */
  async #send(url: string, batch: readonly Sent[]): Promise<boolean> {
    const { ledger } = this.#options
    const [only] = batch.length === 1 ? batch : []
    try {
      const response = await fetch(`${url}/api/${only ? 'message' : 'messages/batch'}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'accept-language': 'en' },
        body: JSON.stringify(only ? only.body : { messages: batch.map(({ body }) => body) }),
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      })
      const answer = (await response.json()) as Answer
      batch.forEach(({ ref }, i) => {
        const result = answer.results?.[i] ?? answer
        if (response.ok && result.id !== undefined)
          ledger.record({ kind: 'acknowledged', ref, id: result.id })
        else ledger.record({ kind: 'refused', ref, code: result.code ?? String(response.status) })
      })
      return response.ok || response.status < 500
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      for (const { ref } of batch) ledger.record({ kind: 'unknown', ref, why })
      // The connection is gone before the exit is; asking at once would only spin.
      await new Promise((resolve) => setTimeout(resolve, 5))
      return false
    }
  }

  /** Each message has a line of its own, so that the version of its line counts its effects; customers are shared. */
  #make(client: number, keyed: boolean): Sent {
    const { random } = this.#options
    const ref = `m${client}-${this.#made++}`
    const type = TYPES[Math.floor(random() * TYPES.length)] ?? 'MNP'
    const key = random() < 0.2 ? `k${Math.floor(random() * ORDERING_KEYS)}` : undefined
    const body = {
      type,
      content: ref,
      attributes: { lineId: ref, customerId: `c${Math.floor(random() * CUSTOMERS)}` },
      ...(keyed && { idempotencyKey: ref }),
      ...(key && { orderingKey: key }),
    }
    return { ref, body, ...(key && { orderingKey: `${type}/${key}` }) }
  }
}
