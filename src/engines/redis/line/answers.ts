/** What the scripts' answers say, in the port's words. */
import {
  bucketBounds,
  type Called,
  type EnterRefusal,
  type EnterResult,
  type LineCounts,
  type Look,
  places,
  type Snapshot,
  type Standing,
  VISITOR_STATES,
  type Visit,
} from '../../../waiting-room/index.ts'
import type { Reply } from '../connection.ts'
import { parseDoor, parseState, type StateNumbers } from './words.ts'

export const listOf = (reply: Reply | undefined): readonly Reply[] =>
  Array.isArray(reply) ? (reply as readonly Reply[]) : []

/** { state, ticket, position, entered, until, hard end, epoch, number }; 0 = there is none. */
export function visitOf(event: string, visitor: string, reply: Reply | undefined): Visit {
  const [word, ...rest] = listOf(reply)
  const [ticket = 0, position = 0, enteredAt = 0, until = 0, hardEnd = 0, epoch = 0, number = 0] =
    rest.map(Number)
  const state = VISITOR_STATES.find((name) => name === word) ?? 'none'
  if (state === 'none') return { event, visitor, state, epoch, position: 0 }
  return {
    event,
    visitor,
    state,
    epoch,
    number,
    ...(ticket > 0 && { ticket }),
    position,
    enteredAt,
    ...(until > 0 && { until }),
    ...(hardEnd > 0 && { hardEnd }),
  }
}

export function entryOf(
  event: string,
  visitor: string,
  reply: Reply | undefined,
  { frame, door }: Look,
): EnterResult {
  const [kind, detail, visit] = listOf(reply)
  if (kind === 'refused') return { kind, code: String(detail) as EnterRefusal }
  return {
    kind: 'in',
    visit: visitOf(event, visitor, visit),
    changed: Number(detail) === 1,
    look: { frame, door },
  }
}

export function calledOf(reply: Reply | undefined): Called[] {
  const flat = listOf(reply)
  return Array.from({ length: flat.length / 4 }, (_, i) => ({
    visitor: String(flat[4 * i]),
    ticket: Number(flat[4 * i + 1]),
    claimBy: Number(flat[4 * i + 2]),
    enteredAt: Number(flat[4 * i + 3]),
  }))
}

export function countsOf(state: StateNumbers, waiting: number): LineCounts {
  const { next: _next, serving: _serving, epoch: _epoch, ...counts } = state
  return { ...counts, waiting }
}

/** { now, door, counters, active, of the last minute, waiting, back after a missed call }. */
export function standingOf(event: string, reply: Reply | undefined): Look & { readonly counts: LineCounts } {
  const [at, doorText, stateText, active, minute, waiting, returned] = listOf(reply)
  const door = parseDoor(String(doorText))
  const state = parseState(String(stateText))
  const { serving, next, epoch } = state
  const frame: Standing = {
    event,
    epoch,
    serving,
    next,
    returned: Number(returned),
    waiting: Number(waiting),
    active: Number(active),
    cap: door.cap,
    ratePerMinute: door.ratePerMinute,
    mode: door.mode,
    limitedBy: places(door, Number(active), Number(minute), Number(waiting)).limitedBy,
    opensAt: door.opensAt,
    at: Number(at),
  }
  return { frame, door, counts: countsOf(state, Number(waiting)) }
}

/** { how it stands, how many wait up to each bound }. */
export function snapshotOf(event: string, [standing, upTo]: readonly Reply[]): Omit<Snapshot, 'draw'> {
  const { frame, door, counts } = standingOf(event, standing)
  const bounds = bucketBounds(frame.serving, frame.next)
  const waitingUpTo = listOf(upTo).map(Number)
  const departed = bounds.slice(1).map((to, i) => {
    return to - (bounds[i] ?? 0) - ((waitingUpTo[i + 1] ?? 0) - (waitingUpTo[i] ?? 0))
  })
  return { frame: { ...frame, departed }, counts, door }
}
