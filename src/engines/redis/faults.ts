/** What Redis' refusals mean for us: which of our errors they are, and whether the connection is of any more use. */
import { WeirError } from '../../core/index.ts'

/** Until trying again makes sense, as callers are told; the connection tries on its own more often. */
export const RETRY_AFTER_MS = 1_000

export interface Fault {
  readonly error: WeirError
  /** A server that answers so is not the one we need: connect anew, perhaps the name leads to another by then. */
  readonly reconnect: boolean
  /** Host and port of the node of a cluster that has our keys; they all lie on one. */
  readonly movedTo?: string
}

/** Servers that are of no use as they are, and what to say of them. */
const UNFIT: readonly (readonly [RegExp, string])[] = [
  [/^READONLY/, 'is a replica that takes no writes'],
  [/^LOADING/, 'is still loading its data'],
  [/^MASTERDOWN/, 'is a replica whose master is away'],
  [/^(?:NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH)/i, 'refuses the name or the password'],
]

/**
 * What it says is told to clients, who have no business knowing where Redis is; operators read that in the health and
 * in the log.
 */
export function faultOf(error: unknown): Fault {
  if (error instanceof WeirError) return { error, reconnect: false }
  const text = textOf(error)
  if (isFull(text)) return { error: full(`Redis is full: ${text}`, error), reconnect: false }
  const movedTo = /^MOVED \d+ (\S+)$/.exec(text)?.[1]
  if (movedTo !== undefined) {
    const said = 'Redis is a node of a cluster, and our keys are on another one'
    return { error: failed(said, error), reconnect: true, movedTo }
  }
  const unfit = UNFIT.find(([pattern]) => pattern.test(text))
  if (unfit) return { error: failed(`Redis ${unfit[1]}`, error), reconnect: true }
  return { error: failed(`Redis: ${text}`, error), reconnect: false }
}

/** A host with several addresses fails with an error without a message. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, code } = error as NodeJS.ErrnoException
  // Before Redis 7 what a command in a script answers stands at the end of a sentence about the script.
  const answer = /^ERR Error running script .*@user_script: ?\d+: -?(.+)$/s.exec(message)?.[1]
  return withoutAddress(answer ?? (message || code || error.name))
}

/** `connect ECONNREFUSED 10.0.0.7:6379` without where. */
function withoutAddress(text: string): string {
  return text.replace(/^((?:connect|read|write) E[A-Z]+) .*$/, '$1')
}

/** `OOM`: maxmemory with noeviction. `MISCONF`: it cannot write its file. */
function isFull(text: string): boolean {
  return text.startsWith('OOM') || (text.startsWith('MISCONF') && /No space left/i.test(text))
}

export function failed(detail: string, cause?: unknown): WeirError {
  return new WeirError('storage_failed', detail, { retryAfterMs: RETRY_AFTER_MS, cause })
}

function full(detail: string, cause: unknown): WeirError {
  return new WeirError('storage_full', detail, { retryAfterMs: RETRY_AFTER_MS, cause })
}
