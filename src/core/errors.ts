/**
 * The one catalogue of refusals: stable code, HTTP status, whether trying again can help, and what it means.
 * `docs/reference/errors.md` is checked against it in both directions.
 */
export const ERRORS = {
  not_json: { status: 400, retryable: false, title: 'The body is not JSON' },
  invalid_body: { status: 400, retryable: false, title: 'The body does not have the right shape' },
  invalid_query: { status: 400, retryable: false, title: 'A query parameter is out of range' },
  invalid_header: { status: 400, retryable: false, title: 'A header is malformed' },
  malformed_request: { status: 400, retryable: false, title: 'The request is not valid HTTP' },
  unknown_type: { status: 400, retryable: false, title: 'No such message type' },
  too_deep: { status: 400, retryable: false, title: 'The JSON is nested too deeply' },
  not_found: { status: 404, retryable: false, title: 'No such route' },
  message_not_found: { status: 404, retryable: false, title: 'No message with this id' },
  type_not_found: { status: 404, retryable: false, title: 'No message type of this name' },
  method_not_allowed: { status: 405, retryable: false, title: 'This route does not take this method' },
  request_timeout: { status: 408, retryable: true, title: 'The request did not arrive in time' },
  idempotency_key_reused: {
    status: 409,
    retryable: false,
    title: 'The idempotency key was used with another body',
  },
  duplicate_id: { status: 409, retryable: false, title: 'A message with this id exists already' },
  not_a_dead_letter: { status: 409, retryable: false, title: 'The message is not a dead letter' },
  body_too_large: { status: 413, retryable: false, title: 'The body is too large' },
  batch_too_large: { status: 413, retryable: false, title: 'The batch has too many messages' },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    title: 'The content type is not application/json',
  },
  backlog_full: { status: 429, retryable: true, title: 'The predicted wait of this type is too long' },
  headers_too_large: { status: 431, retryable: false, title: 'The request headers are too large' },
  internal: { status: 500, retryable: true, title: 'A fault of ours' },
  not_available: { status: 501, retryable: false, title: 'This engine does not have that ability' },
  overloaded: { status: 503, retryable: true, title: 'Too much is in flight right now' },
  stopping: { status: 503, retryable: true, title: 'The service is stopping' },
  storage_failed: { status: 503, retryable: true, title: 'The store could not make it durable' },
  storage_full: { status: 507, retryable: true, title: 'The disk is full, or nearly' },
  broker_unavailable: { status: 503, retryable: true, title: 'The message broker cannot be reached' },
  broker_blocked: { status: 503, retryable: true, title: 'The message broker takes no messages right now' },
  data_dir_in_use: { status: 503, retryable: true, title: 'Another process has this data directory open' },
  invalid_setting: { status: 500, retryable: false, title: 'A setting is out of range' },
} as const satisfies Record<string, { status: number; retryable: boolean; title: string }>

export type ErrorCode = keyof typeof ERRORS

/** One field's fault, named by its path in the sender's own words, for example `attributes.phone`. */
export interface FieldFault {
  readonly field: string
  readonly problem: string
}

/** A refusal that a caller can act on. Everything else that is thrown is a bug of ours. */
export class WeirError extends Error {
  readonly code: ErrorCode
  /** Milliseconds until trying again makes sense; becomes `Retry-After`. */
  readonly retryAfterMs?: number
  readonly faults?: readonly FieldFault[]

  constructor(
    code: ErrorCode,
    detail: string,
    more: { retryAfterMs?: number; faults?: readonly FieldFault[]; cause?: unknown } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'WeirError'
    this.code = code
    if (more.retryAfterMs !== undefined) this.retryAfterMs = more.retryAfterMs
    if (more.faults !== undefined) this.faults = more.faults
  }

  get status(): number {
    return ERRORS[this.code].status
  }
}
