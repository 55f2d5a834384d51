/**
 * The life of a message as data. Engines store states; which state follows which is decided here and nowhere else.
 *
 *   publish ──▶ ready ──take──▶ in_flight ──done──▶ done
 *          ├──▶ held (an earlier one of its ordering key is not finished; Q5)
 *          └──▶ delayed (not before `availableAt`, or waiting for a retry)
 */
export type MessageState =
  | 'ready'
  | 'held'
  | 'delayed'
  | 'in_flight'
  | 'done'
  | 'rejected'
  | 'dead'
  | 'expired'

export type MessageEvent =
  | 'take'
  /** The ordering key is free. */
  | 'unhold'
  /** The same, but `availableAt` has not come yet. */
  | 'unhold_early'
  /** `availableAt` has come. */
  | 'due'
  /** `expiresAt` has come. */
  | 'expire'
  | 'settle_done'
  | 'settle_rejected'
  | 'settle_retry'
  | 'settle_dead'
  | 'settle_released'
  /** The lease ran out with attempts left. */
  | 'lease_lost'
  /** The lease was lost with none left. */
  | 'lease_lost_for_good'
  /** The process of the holder died: given back as it was. */
  | 'crash'
  /** An operator's retry of a dead letter. */
  | 'requeue'
  /** The same, while an earlier one of its ordering key is under way. */
  | 'requeue_held'

const TRANSITIONS: Record<MessageState, Partial<Record<MessageEvent, MessageState>>> = {
  ready: { take: 'in_flight', expire: 'expired' },
  held: { unhold: 'ready', unhold_early: 'delayed', expire: 'expired' },
  delayed: { due: 'ready', expire: 'expired' },
  in_flight: {
    settle_done: 'done',
    settle_rejected: 'rejected',
    settle_retry: 'delayed',
    settle_dead: 'dead',
    settle_released: 'ready',
    lease_lost: 'delayed',
    lease_lost_for_good: 'dead',
    crash: 'ready',
  },
  done: {},
  rejected: {},
  dead: { requeue: 'ready', requeue_held: 'held' },
  expired: {},
}

/** The state after `event`, or undefined when the event does not apply (a stale settle, a late timer). */
export function transition(state: MessageState, event: MessageEvent): MessageState | undefined {
  return TRANSITIONS[state][event]
}

/** Finished for the ordering key: the next one of the key may go. A dead letter blocks nobody. */
export function isTerminal(state: MessageState): boolean {
  return state === 'done' || state === 'rejected' || state === 'dead' || state === 'expired'
}
