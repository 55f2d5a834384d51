/** Messages that two processes both work on: few lines and customers, so that they meet. */
import type { Service } from '../../../src/bss/index.ts'
import type { JsonObject } from '../../../src/core/index.ts'

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
