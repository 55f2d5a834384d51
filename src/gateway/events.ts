/** What the gateway tells whoever listens (monitoring). Listening changes nothing in the flow (M1). */
import type { ErrorCode, MessageType } from '../core/index.ts'

export type GatewayEvent =
  | { readonly kind: 'accepted'; readonly type: MessageType; readonly count: number }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly count: number }
