/** Why a call failed, in a form that a program can decide on. */
import type { ErrorCode, FieldFault } from '../core/index.ts'

/** `unreachable`: no answer at all; `bad_answer`: an answer that is not Weir's. The rest are the service's codes. */
export type ClientErrorCode = ErrorCode | 'unreachable' | 'bad_answer'

export class WeirClientError extends Error {
  readonly code: ClientErrorCode
  /** 0 when there was no answer. */
  readonly status: number
  /** Milliseconds until trying again makes sense, when the service said so. */
  readonly retryAfterMs?: number
  readonly faults?: readonly FieldFault[]

  constructor(
    code: ClientErrorCode,
    status: number,
    detail: string,
    more: { retryAfterMs?: number; faults?: readonly FieldFault[]; cause?: unknown } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'WeirClientError'
    this.code = code
    this.status = status
    if (more.retryAfterMs !== undefined) this.retryAfterMs = more.retryAfterMs
    if (more.faults !== undefined) this.faults = more.faults
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return this.code === 'unreachable' || [408, 429, 500, 502, 503, 504, 507].includes(this.status)
  }
}
