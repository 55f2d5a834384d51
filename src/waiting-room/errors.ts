/**
 * The waiting room's own refusals, beside those of `core/errors.ts`: stable code, HTTP status, whether trying again can
 * help, and what it means. `docs/reference/errors.md` is made from both, and a test holds all three together.
 */
import { ERRORS, type ErrorCode } from '../core/index.ts'

/** `status` null: told over a socket alone. */
export const ROOM_ERRORS = {
  bad_body: { status: 400, retryable: false, title: 'The body is not a JSON object' },
  bad_event: { status: 400, retryable: false, title: 'This is no event id: 1 to 64 of A-Z a-z 0-9 _ -' },
  bad_request: { status: 400, retryable: false, title: 'The body is no JSON, or too large (413)' },
  duplicate_email: { status: 400, retryable: false, title: 'The address is registered already' },
  no_token: { status: 401, retryable: false, title: 'A token is needed' },
  bad_token: { status: 401, retryable: false, title: 'The token is not one of ours, altered, or expired' },
  wrong_credentials: { status: 401, retryable: false, title: 'Wrong address or password' },
  not_an_admin: { status: 403, retryable: false, title: 'The admin role is needed' },
  pass_needed: {
    status: 403,
    retryable: false,
    title: "Told by a shop's guard: no valid pass; `reason` says why",
  },
  unknown_event: { status: 404, retryable: false, title: 'No such event' },
  closed: { status: 409, retryable: false, title: 'The door is closed' },
  draining: { status: 409, retryable: false, title: 'The line takes nobody new' },
  no_prequeue: { status: 409, retryable: false, title: 'There is no pre-queue to open' },
  not_empty: { status: 409, retryable: false, title: 'A pre-queue begins only when nobody is waiting' },
  too_many_tickets: { status: 429, retryable: true, title: 'Too many new tickets from this address' },
  too_many_tries: {
    status: 429,
    retryable: true,
    title: 'Too many logins or registrations from this address',
  },
  full: { status: 503, retryable: true, title: 'The line is as long as it may be' },
  too_many_events: { status: null, retryable: false, title: 'One socket listens to too many events' },
  too_many_requests: { status: null, retryable: true, title: 'One socket asks too often' },
  unavailable: { status: null, retryable: true, title: 'Tokens cannot be checked right now' },
} as const satisfies Record<string, { status: number | null; retryable: boolean; title: string }>

export type RoomErrorCode = ErrorCode | keyof typeof ROOM_ERRORS

/** Of an answer over HTTP. */
export function statusOf(code: RoomErrorCode): number {
  const { status } =
    code in ROOM_ERRORS ? ROOM_ERRORS[code as keyof typeof ROOM_ERRORS] : ERRORS[code as ErrorCode]
  return status ?? 500
}
