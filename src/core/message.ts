/**
 * The words for work that can wait. A message is what a client hands in; its life (ready, in flight, …) belongs
 * to the queue room.
 */

/** The name of a route through the queue, upper case, for example `MNP`. Which names exist is a setting. */
export type MessageType = string

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }
export type JsonObject = { [key: string]: JsonValue }

/** What the gateway accepted, and what a processor is given. All times are wall-clock milliseconds. */
export interface Message {
  readonly id: string
  readonly type: MessageType
  readonly content: string
  readonly attributes?: JsonObject
  /** When the gateway made it, milliseconds since the epoch. */
  readonly createdAt: number
}

/** A message on its way into the queue, with what the sender asked of the queue. */
export interface NewMessage extends Message {
  /** 0 (last) to 9 (first); within one priority first in, first out. */
  readonly priority: number
  /** Messages of one type and one key are handled one after the other, in the order accepted (invariant Q5). */
  readonly orderingKey?: string
  /** Not handed out before this moment, milliseconds since the epoch. */
  readonly availableAt?: number
  /** Not handed out after this moment; it then ends as expired. Milliseconds since the epoch. */
  readonly expiresAt?: number
  /** A second message with the same key within 24 h is the first one again, not a new one. */
  readonly idempotencyKey?: string
}

/** JMS' default: room to go both up and down. */
export const DEFAULT_PRIORITY = 4
export const PRIORITIES = 10
