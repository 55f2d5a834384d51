/**
 * The life of a visitor in one event's line, as data. Engines store states; which state follows which is decided here
 * and nowhere else. A visitor has one record per event (L1); `none` is its absence.
 *
 *   none ──enter──▶ waiting ──call──▶ ready ──claim──▶ admitted ──finish──▶ done
 *    │                │  ▲ absent        │ not claimed    └──lease over──▶ expired
 *    ├─enter_directly─┼──┼───────────────┼────────────────▶
 *    │                ▼  │ back          │
 *    │               parked ◀────────────┘
 *    └─register──▶ registered ──draw──▶ waiting           leave ──▶ left ──undo──▶ waiting
 */
export const VISITOR_STATES = [
  'none',
  /** In the pre-queue: a number, but no ticket until the order is drawn. */
  'registered',
  'waiting',
  /** Called while absent: keeps the ticket, costs no place, next when back (L5). */
  'parked',
  /** Called: a place is kept until the end of the claim window. */
  'ready',
  /** Inside, under a lease that slides with use and has a hard end. */
  'admitted',
  /** Gave the ticket back; for a short while that can be undone. */
  'left',
  'done',
  'expired',
] as const

export type VisitorState = (typeof VISITOR_STATES)[number]

export type VisitorEvent =
  /** Came while the pre-queue was open. */
  | 'register'
  /** The lottery of the pre-queue has given out its tickets. */
  | 'draw'
  | 'enter'
  /** Came while nobody waited and a place was free. */
  | 'enter_directly'
  | 'call'
  /** The turn came while the visitor was absent. */
  | 'miss'
  /** A parked visitor was seen again. */
  | 'back'
  | 'claim'
  /** The claim window passed with tries left. */
  | 'claim_over'
  /** The claim window passed for the last time. */
  | 'claim_over_for_good'
  | 'renew'
  /** The lease ran out, or came to its hard end. */
  | 'lease_over'
  | 'finish'
  | 'leave'
  | 'undo'
  /** The same, while the pre-queue is still open. */
  | 'undo_early'
  /** Parked for longer than an absent visitor's ticket is kept. */
  | 'parked_over'
  /** An operator emptied the line. */
  | 'clear'
  /** The record of a finished visit was kept long enough. */
  | 'forget'

/** Who has no ticket, or a spent one, gets a new one. */
const FRESH = { register: 'registered', enter: 'waiting', enter_directly: 'admitted' } as const

const TRANSITIONS: Record<VisitorState, Partial<Record<VisitorEvent, VisitorState>>> = {
  none: FRESH,
  registered: { draw: 'waiting', leave: 'left', clear: 'none' },
  waiting: { call: 'ready', miss: 'parked', leave: 'left', clear: 'none' },
  parked: { back: 'waiting', leave: 'left', parked_over: 'expired', clear: 'none' },
  ready: {
    claim: 'admitted',
    claim_over: 'parked',
    claim_over_for_good: 'expired',
    leave: 'left',
    clear: 'none',
  },
  admitted: { renew: 'admitted', lease_over: 'expired', finish: 'done', clear: 'none' },
  left: { ...FRESH, undo: 'waiting', undo_early: 'registered', forget: 'none' },
  done: { ...FRESH, forget: 'none' },
  expired: { ...FRESH, forget: 'none' },
}

/** The state after `event`, or undefined when the event does not apply (a late claim, a second leave). */
export function transition(state: VisitorState, event: VisitorEvent): VisitorState | undefined {
  return TRANSITIONS[state][event]
}

/** Takes up one of the event's places (L3). */
export function isActive(state: VisitorState): boolean {
  return state === 'ready' || state === 'admitted'
}

/** In the line or before it: `queued: true` on the wire. */
export function isQueued(state: VisitorState): boolean {
  return state === 'registered' || state === 'waiting' || state === 'parked'
}

/** The visit is over; a new one may begin. */
export function isOver(state: VisitorState): boolean {
  return state === 'none' || state === 'left' || state === 'done' || state === 'expired'
}
