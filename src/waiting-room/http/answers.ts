/** What visitors are answered: the fields that older clients know, and the newer ones beside them. Pure. */
import type { Random } from '../../core/index.ts'
import type { Eta } from '../eta.ts'
import type { Frame } from '../frame.ts'
import { isActive, isQueued } from '../life.ts'
import type { Look, Snapshot, Visit } from '../port.ts'
import type { SlowedBy } from './deps.ts'

export interface PassAnswer {
  readonly pass: string
  /** ISO 8601. */
  readonly passExpiresAt: string
}

/** For `check`, `status` and every step of a visitor. */
export function visitAnswer(
  visit: Visit,
  { frame }: Pick<Look, 'frame'>,
  eta: Eta,
  pass: PassAnswer | undefined,
  random: Random,
  slowedBy?: SlowedBy,
) {
  const queued = isQueued(visit.state)
  return {
    queued,
    position: visit.position,
    /** Seconds, for older clients; null while it is not known. */
    estimatedWait: queued ? eta.p50 : 0,
    threshold: frame.cap,
    currentUsers: frame.active,
    queueSize: frame.waiting,
    eventId: visit.event,
    state: visit.state,
    admitted: visit.state === 'admitted',
    number: visit.number ?? null,
    ticket: visit.ticket ?? null,
    epoch: visit.epoch,
    serving: frame.serving,
    mode: frame.mode,
    ratePerMinute: frame.ratePerMinute,
    limitedBy: frame.limitedBy,
    slowedBy: slowedBy ?? null,
    opensAt: frame.opensAt === null ? null : iso(frame.opensAt),
    until: visit.until === undefined ? null : iso(visit.until),
    hardEnd: visit.hardEnd === undefined ? null : iso(visit.hardEnd),
    eta,
    nextPollMs: nextPollMs(visit, eta, random),
    ...pass,
  }
}

/** The same for everybody, and so for caches; nobody is named in it (L6). */
export function servingAnswer(frame: Frame, random: Random, slowedBy?: SlowedBy) {
  const { waiting: queueSize, active: currentUsers } = frame
  return { ...frame, queueSize, currentUsers, slowedBy: slowedBy ?? null, nextPollMs: spread(5_000, random) }
}

/** The near ones often, the far ones seldom, and nobody at the same moment as everybody else. */
export function nextPollMs(visit: Visit, eta: Eta, random: Random): number {
  if (isActive(visit.state)) return spread(30_000, random)
  if (visit.state !== 'waiting') return spread(10_000, random)
  const seconds = eta.p50 ?? (visit.position <= 100 ? 0 : 600)
  if (seconds <= 120) return spread(2_000, random)
  return spread(seconds <= 600 ? 5_000 : 17_500, random)
}

/** Within an eighth to either side. */
function spread(ms: number, random: Random): number {
  return Math.round(ms * (0.875 + 0.25 * random()))
}

/**
 * What was promised of a pre-queue's draw and, once it is drawn, everything to check a place by: for everybody, for it
 * names nobody (L6). `draw` null: there was none.
 */
export function drawAnswer({ frame, draw }: Snapshot) {
  return { eventId: frame.event, mode: frame.mode, draw: draw ?? null }
}

export function adminAnswer({ frame, counts, door, draw }: Snapshot, slowedBy?: SlowedBy) {
  return {
    eventId: frame.event,
    queueSize: frame.waiting,
    currentUsers: frame.active,
    threshold: frame.cap,
    available: Math.max(0, frame.cap - frame.active),
    mode: frame.mode,
    limitedBy: frame.limitedBy,
    slowedBy: slowedBy ?? null,
    epoch: frame.epoch,
    serving: frame.serving,
    next: frame.next,
    counts,
    door,
    draw: draw ?? null,
  }
}

export const iso = (at: number): string => new Date(at).toISOString()
