/** What the consumer tells whoever listens (monitoring). Listening changes nothing in the flow (M1). */
import type { MessageType } from '../core/index.ts'

export type ConsumerEvent =
  | { readonly kind: 'started'; readonly type: MessageType; readonly waitMs: number }
  | {
      readonly kind: 'finished'
      readonly type: MessageType
      readonly processor: string
      readonly status: 'done' | 'rejected' | 'retry' | 'dead'
      /** The business outcome, where the processor names one, for example 신규가입. */
      readonly outcome?: string
      readonly durationMs: number
    }
  | { readonly kind: 'stale_settle'; readonly type: MessageType }
  | { readonly kind: 'breaker'; readonly backend: string; readonly state: 'closed' | 'open' | 'half_open' }
