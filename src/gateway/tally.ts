/** The gateway's own count of requests since start; independent of monitoring (M1). */
import type { ErrorCode, Listener, MessageType } from '../core/index.ts'
import type { GatewayEvent } from './events.ts'

export class RequestTally {
  readonly #emit: Listener<GatewayEvent>
  readonly #refused = new Map<ErrorCode, number>()
  accepted = 0
  refused = 0

  constructor(emit: Listener<GatewayEvent>) {
    this.#emit = emit
  }

  /** `repeated` ones were answered well, but are no new messages: listeners do not hear of them. */
  accept(type: MessageType, count: number, repeated: boolean): void {
    this.accepted += count
    if (!repeated) this.#emit({ kind: 'accepted', type, count })
  }

  refuse(code: ErrorCode, count: number): void {
    this.refused += count
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + count)
    this.#emit({ kind: 'refused', code, count })
  }

  get refusedByCode(): Record<string, number> {
    return Object.fromEntries(this.#refused)
  }
}
