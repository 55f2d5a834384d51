/**
 * Clients of an engine's way in: they send batches until told to stop, repeat what carries an idempotency key until it
 * is acknowledged, and write down what they were told, and only that.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { DEFAULT_PRIORITY, type JsonObject, type NewMessage, WeirError } from '../../../src/core/index.ts'
import type { QueueEngine, Receipt } from '../../../src/queue/index.ts'
import type { Journal } from './journal.ts'
import type { Load, ProcessSettings } from './settings.ts'

export const TYPES = ['SUBSCRIPTION', 'MNP', 'CHANGE', 'TERMINATION'] as const
export const CUSTOMER_IDS: readonly string[] = Array.from({ length: 400 }, (_, i) => `c${i}`)
const ORDERING_KEYS = 12
const MOST_IN_BATCH = 24
/** A client that was refused asks again after this. */
const AGAIN_MS = 100
const MOST_AHEAD = 500

export interface PublisherDeps {
  readonly engine: Pick<QueueEngine, 'publish' | 'accepting' | 'health' | 'counts'>
  readonly journal: Journal
  readonly settings: ProcessSettings
  readonly load: Load
  readonly random: () => number
  readonly newId: () => string
  readonly now: () => number
}

interface Sent {
  readonly ref: string
  readonly message: Omit<NewMessage, 'id'>
  /** With the type, because order is promised within both. */
  readonly orderingKey?: string
}

export class Publisher {
  readonly #deps: PublisherDeps
  #clients: Promise<void>[] = []
  #stopping = false
  #made = 0
  #running = 0
  #said = ''
  acknowledged = 0
  refused = 0

  constructor(deps: PublisherDeps) {
    this.#deps = deps
  }

  get quiet(): boolean {
    return this.#running === 0
  }

  start(): void {
    this.#stopping = false
    this.#clients = Array.from({ length: this.#deps.load.clients }, (_, i) => this.#client(i))
  }

  /** Every repeated try is carried to its answer first, so the broker must be there. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#clients)
  }

  async #client(number: number): Promise<void> {
    const { load, random, settings } = this.#deps
    // Who repeats what was refused is held up by it; the others show meanwhile what still works.
    const repeats = settings.ledger && number % 2 === 0
    this.#running++
    try {
      while (!this.#stopping && this.acknowledged < (load.most ?? Number.POSITIVE_INFINITY)) {
        if (this.#isAhead()) {
          await wait(AGAIN_MS)
          continue
        }
        const size = random() < 0.5 ? 1 : 2 + Math.floor(random() * (MOST_IN_BATCH - 1))
        let left = Array.from({ length: size }, () => this.#make(repeats))
        for (;;) {
          left = await this.#send(left)
          if (left.length === 0) break
          await wait(AGAIN_MS)
          if (!repeats) break
        }
        await wait(load.pauseMs * (0.5 + random()))
      }
    } finally {
      this.#running--
    }
  }

  /**
   * What outruns the work has to be worked off at the end, for the longer the slower the machine. While something is
   * broken nothing is worked on, and a client is to meet the fault.
   */
  #isAhead(): boolean {
    const { engine, load } = this.#deps
    if (load.most !== undefined || !engine.health().ok) return false
    let waiting = 0
    for (const { ready } of engine.counts().values()) waiting += ready
    return waiting > (load.ahead ?? MOST_AHEAD)
  }

  /** Answers those that were not acknowledged. */
  async #send(batch: readonly Sent[]): Promise<Sent[]> {
    const { engine, journal, newId, settings } = this.#deps
    const messages = batch.map(({ message }): NewMessage => ({ ...message, id: newId() }))
    journal.write(
      batch.map(({ ref, orderingKey }, i) => {
        const id = messages[i]?.id ?? ''
        return { kind: 'attempted', ref, id, ...(orderingKey && { orderingKey }) }
      }),
    )
    const open = engine.accepting()
    if (!open.ok) {
      // The engine is asked all the same: it must refuse, and at once.
      const error = await engine.publish(messages).then(() => undefined, codeOf)
      if (error !== open.code) throw new Error(`accepting says ${open.code}, publish ${error}`)
      return this.#refused(batch, open.code, false)
    }
    let receipts: readonly Receipt[]
    try {
      receipts = await engine.publish(messages)
    } catch (error) {
      // For whoever reads what a scenario that failed has printed; the same again is no news.
      const { message } = error as Error
      if (message !== this.#said) console.log(`${settings.name} publish is refused: ${message}`)
      this.#said = message
      return this.#refused(batch, codeOf(error), true)
    }
    const left: Sent[] = []
    const lines = batch.map((sent, i) => {
      const receipt = receipts[i]
      if (receipt?.kind === 'accepted')
        return { kind: 'acknowledged', ref: sent.ref, id: receipt.id } as const
      left.push(sent)
      return { kind: 'refused', ref: sent.ref, code: receipt?.code ?? 'none', sent: true } as const
    })
    journal.write(lines)
    this.acknowledged += batch.length - left.length
    this.refused += left.length
    return left
  }

  #refused(batch: readonly Sent[], code: string, sent: boolean): Sent[] {
    this.#deps.journal.write(batch.map(({ ref }) => ({ kind: 'refused', ref, code, sent })))
    this.refused += batch.length
    return [...batch]
  }

  /** Each message has a line of its own, so that the version of its line counts its effects; customers are shared. */
  #make(repeats: boolean): Sent {
    const { random, settings, load, now } = this.#deps
    const number = this.#made++
    const { special } = load
    const isSpecial =
      special !== undefined && (special.once ? number : number % special.every) === special.every - 1
    const ref = `${isSpecial ? special.text : 'm'}-${settings.name}-${number}`
    const type = TYPES[Math.floor(random() * TYPES.length)] ?? 'MNP'
    const isKeyed = !isSpecial && random() < (load.keyed ?? 0.2)
    const key = isKeyed ? `k${Math.floor(random() * ORDERING_KEYS)}` : undefined
    const attributes: JsonObject = {
      lineId: ref,
      customerId: CUSTOMER_IDS[Math.floor(random() * CUSTOMER_IDS.length)] ?? '',
    }
    const message = {
      ...{ type, content: ref, attributes, createdAt: now(), priority: DEFAULT_PRIORITY },
      ...(repeats && { idempotencyKey: ref }),
      ...(key && { orderingKey: key }),
    }
    return { ref, message, ...(key && { orderingKey: `${type}/${key}` }) }
  }
}

const codeOf = (error: unknown): string =>
  error instanceof WeirError ? error.code : `a bug: ${(error as Error).message}`
