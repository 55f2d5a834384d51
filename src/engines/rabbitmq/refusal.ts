/** Why nothing is taken at the door, in words for the caller. */
import { WeirError } from '../../core/index.ts'
import type { ClosedCode } from '../../queue/index.ts'
import type { Link } from './link.ts'

export type Closed = Extract<ClosedCode, 'broker_unavailable' | 'broker_blocked' | 'overloaded' | 'stopping'>

export function refusal(code: Closed, { fault, blocked }: Link): WeirError {
  const detail = {
    broker_unavailable: `the broker cannot be reached: ${fault}`,
    broker_blocked: `the broker takes no messages right now: ${blocked}`,
    overloaded: 'too many messages are waiting for the broker to confirm them',
    stopping: 'the service is stopping',
  }[code]
  return new WeirError(code, detail, { retryAfterMs: code === 'overloaded' ? 1_000 : 5_000 })
}
