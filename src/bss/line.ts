/**
 * A line in the subscriber registry, and the rules of the four services as pure functions of it.
 *
 * The registry starts empty beside a legacy system with decades of subscribers, so a line it has never seen
 * is no contradiction: the service adopts it in the state that the operation leaves it in. What the
 * registry does know is held against a message: that is a business refusal, final, and the back end is not
 * troubled with it.
 */
import type { JsonObject, JsonValue } from '../core/index.ts'
import type { Request } from './attributes.ts'
import type { Service } from './services.ts'

/** `porting`: a port is pending. `reserved`: terminated with the number kept for the customer. */
export type LineStatus = 'active' | 'porting' | 'terminated' | 'reserved'

export interface Line {
  readonly number: string
  /** Whose contract it is; null = the legacy system knows, the registry does not. */
  readonly customer: string | null
  /** Whose name it stands in. */
  readonly owner: string | null
  readonly carrier: string | null
  readonly status: LineStatus
  /** The message that changed it last. */
  readonly changedBy: string
}

/** The carrier that this service belongs to: where a port goes when the message names no other. */
export const OUR_CARRIER = 'BSS'

export interface Rules {
  readonly service: Service
  /** Why `line` does not allow the request; undefined = nothing known speaks against it. */
  refusal(line: Line | undefined, request: Request): string | undefined
  /** The outcome that the registry's knowledge makes of the back end's (not a refusal). */
  outcome?(line: Line | undefined, outcome: string): string
  /** The line after the outcome; `line` itself when the outcome changes nothing. */
  next(line: Line | undefined, request: Request, outcome: string, messageId: string): Line
}

/** The line as far as a message tells of it, when the registry has never seen it. */
export function adopted(request: Request, messageId: string): Line {
  return {
    number: request.line,
    customer: request.customer ?? null,
    owner: request.owner ?? request.customer ?? null,
    carrier: OUR_CARRIER,
    status: 'active',
    changedBy: messageId,
  }
}

/** Both known and not the same. */
export function differs(known: string | null | undefined, said: string | undefined): boolean {
  return known !== null && known !== undefined && said !== undefined && known !== said
}

export function isOpen(line: Line): boolean {
  return line.status === 'active' || line.status === 'porting'
}

const STATUSES: readonly string[] = ['active', 'porting', 'terminated', 'reserved'] satisfies LineStatus[]

/**
 * A stored line read back. Throws for anything else: the registry's documents are written by nobody but us.
 */
export function lineFrom(value: JsonValue): Line {
  const { number, customer, owner, carrier, status, changedBy } = value as JsonObject
  if (typeof number !== 'string' || typeof changedBy !== 'string' || !STATUSES.includes(String(status))) {
    throw new Error('a stored line of the subscriber registry is not one')
  }
  return {
    number,
    customer: typeof customer === 'string' ? customer : null,
    owner: typeof owner === 'string' ? owner : null,
    carrier: typeof carrier === 'string' ? carrier : null,
    status: status as LineStatus,
    changedBy,
  }
}
