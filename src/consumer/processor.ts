/** What handles a message. A room that brings processors (bss) imports this; the consumer runs them. */
import type { Message, Outcome } from '../core/index.ts'

export interface ProcessingContext {
  /** Counts the hand-outs of this message, from 1. */
  readonly attempt: number
  /**
   * Aborts at the processing timeout and when the consumer gives up draining; pass it to every I/O call.
   */
  readonly signal: AbortSignal
}

export interface Processor {
  /** Label in metrics and logs, for example `mnp-processor`. */
  readonly name: string
  /** Must be idempotent by `message.id`: delivery is at least once. A throw counts as a failed attempt. */
  process(message: Message, context: ProcessingContext): Promise<Outcome>
}
