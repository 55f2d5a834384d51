/** What two processes both work on, few lines and customers, so that they meet; and what each of them did. */
import type { Service } from '../../../src/bss/index.ts'
import type { Effect, EffectStore, JsonObject, Outcome } from '../../../src/core/index.ts'

const KINDS: readonly Service[] = ['subscription', 'mnp', 'change', 'termination']

export interface Job {
  readonly service: Service
  readonly id: string
  readonly attributes: JsonObject
}

export function jobOf(n: number): Job {
  const service = KINDS[n % KINDS.length] ?? 'subscription'
  const attributes = {
    phoneNumber: `0101111000${n % 7}`,
    customerId: `C${n % 3}`,
    ...(service === 'change' ? { newCustomerId: `C${(n + 1) % 3}` } : {}),
  }
  return { service, id: `m${n}`, attributes }
}

/** As the consumer does: an attempt that failed for the store's sake comes again. */
export async function untilDecided(run: (attempt: number) => Promise<Outcome>): Promise<Outcome> {
  for (let attempt = 1; attempt <= 50; attempt++) {
    const outcome = await run(attempt)
    if (outcome.kind !== 'failed') return outcome
  }
  throw new Error('no attempt came to an end')
}

/** Counts the effects that really happened. */
export class Counting implements EffectStore {
  readonly #store: EffectStore
  readonly happened: string[]

  constructor(store: EffectStore, happened: string[]) {
    this.#store = store
    this.happened = happened
  }
  read(keys: readonly string[]) {
    return this.#store.read(keys)
  }
  applied(id: string) {
    return this.#store.applied(id)
  }
  async apply(effect: Effect) {
    const result = await this.#store.apply(effect)
    if (result.kind === 'applied') this.happened.push(effect.id)
    return result
  }
}

/** What one process tells of a message. */
export interface Told {
  readonly id: string
  readonly outcome: Outcome
  /** The effect is this process's, and not one that it found. */
  readonly isOwn: boolean
}
