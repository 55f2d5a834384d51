/**
 * The door of an event: how many may go in now, and what holds the others back. Pure; the clock is handed in.
 *
 * Two limits, and the smaller wins: the cap on places (L3) and the admissions of a rolling minute.
 */
import type { FieldFault } from '../core/index.ts'

/**
 * `prequeue`: visitors register, the order is drawn at the opening · `open` · `paused`: tickets are given out, nobody
 * is let in · `draining`: those in the line go in, nobody new is taken · `closed`: neither.
 */
export const DOOR_MODES = ['prequeue', 'open', 'paused', 'draining', 'closed'] as const
export type DoorMode = (typeof DOOR_MODES)[number]

/** All of it can be changed while people wait, and is kept over restarts. */
export interface DoorSettings {
  readonly mode: DoorMode
  /** Places: ready and admitted together. */
  readonly cap: number
  /** Admissions in any 60 s; 0 = no limit. */
  readonly ratePerMinute: number
  /** When the pre-queue opens, milliseconds since the epoch; null = by hand. */
  readonly opensAt: number | null
  /** Waiting, parked and registered together; beyond it newcomers are refused. */
  readonly maxQueued: number
  /** How long a place is kept for a visitor who was called. WCAG 2.2.1 asks for 20 s at least. */
  readonly claimMs: number
  /** Calls that a visitor may let pass before the ticket is gone. */
  readonly claimTries: number
  /** The lease slides this far with every sign of use. */
  readonly leaseMs: number
  /** The end of a lease however much it is used. */
  readonly hardMs: number
  /** Not seen for longer than this is absent. */
  readonly graceMs: number
  /** How long a parked visitor's ticket is kept. */
  readonly parkedMs: number
  /** How long a leave can be taken back. */
  readonly undoMs: number
  /** How long the end of a visit can still be looked up. */
  readonly retentionMs: number
}

const MINUTE_MS = 60_000

export const DEFAULT_DOOR: DoorSettings = {
  mode: 'open',
  cap: 1000,
  ratePerMinute: 0,
  opensAt: null,
  maxQueued: 2_000_000,
  claimMs: 2 * MINUTE_MS,
  claimTries: 2,
  leaseMs: 10 * MINUTE_MS,
  hardMs: 60 * MINUTE_MS,
  graceMs: MINUTE_MS,
  parkedMs: 15 * MINUTE_MS,
  undoMs: 10_000,
  retentionMs: 15 * MINUTE_MS,
}

const DAY_MS = 24 * 60 * MINUTE_MS
/** From and to, both included. */
const RANGES: Readonly<Record<Exclude<keyof DoorSettings, 'mode' | 'opensAt'>, readonly [number, number]>> = {
  cap: [0, 1_000_000],
  ratePerMinute: [0, 10_000_000],
  maxQueued: [0, 5_000_000],
  claimMs: [1_000, DAY_MS],
  claimTries: [1, 100],
  leaseMs: [1_000, DAY_MS],
  hardMs: [1_000, 7 * DAY_MS],
  // Presence by an open socket is said once a second.
  graceMs: [3_000, DAY_MS],
  parkedMs: [1_000, DAY_MS],
  undoMs: [0, 10 * MINUTE_MS],
  retentionMs: [0, DAY_MS],
}

/** What is wrong with the settings, field by field; empty = nothing. */
export function doorFaults(settings: DoorSettings): FieldFault[] {
  const faults: FieldFault[] = []
  if (!DOOR_MODES.includes(settings.mode)) {
    faults.push({ field: 'mode', problem: `must be one of ${DOOR_MODES.join(', ')}` })
  }
  const { opensAt } = settings
  if (opensAt !== null && !(Number.isSafeInteger(opensAt) && opensAt >= 0)) {
    faults.push({ field: 'opensAt', problem: 'must be milliseconds since the epoch, or null' })
  }
  for (const [field, [from, to]] of Object.entries(RANGES)) {
    const value = settings[field as keyof typeof RANGES]
    if (Number.isSafeInteger(value) && value >= from && value <= to) continue
    faults.push({ field, problem: `must be a whole number from ${from} to ${to}` })
  }
  if (settings.hardMs < settings.leaseMs) {
    faults.push({ field: 'hardMs', problem: 'must not be shorter than leaseMs' })
  }
  return faults
}

export type LimitedBy = 'none' | 'cap' | 'rate' | 'paused' | 'prequeue' | 'closed'

export interface Places {
  /** How many may go in now. */
  readonly free: number
  /** What holds the next one back, or would. */
  readonly limitedBy: LimitedBy
}

/** `active`: ready and admitted; `admittedLately`: in the rolling minute; `waiting`: those who wait to go in. */
export function places(
  settings: Pick<DoorSettings, 'mode' | 'cap' | 'ratePerMinute'>,
  active: number,
  admittedLately: number,
  waiting: number,
): Places {
  const { mode, cap, ratePerMinute } = settings
  if (mode === 'paused' || mode === 'prequeue' || mode === 'closed') return { free: 0, limitedBy: mode }
  const byCap = Math.max(0, cap - active)
  const byRate = ratePerMinute === 0 ? Number.POSITIVE_INFINITY : Math.max(0, ratePerMinute - admittedLately)
  const free = Math.min(byCap, byRate)
  if (free > 0 && waiting === 0) return { free, limitedBy: 'none' }
  return { free, limitedBy: byCap <= byRate ? 'cap' : 'rate' }
}

/** Admissions by second of the clock, oldest first: at most 61 entries, however many admissions. */
export type AdmissionWindow = ReadonlyArray<readonly [second: number, admitted: number]>

const WINDOW_S = 60

const second = (now: number): number => Math.floor(now / 1000)

/**
 * Admissions that a rolling minute may still hold: those of this second and the 60 before it. Whole seconds err on the
 * safe side: no window of 60 s ever holds more than the rate, at the price of at most one second more.
 */
export function admittedIn(window: AdmissionWindow, now: number): number {
  const from = second(now) - WINDOW_S
  let sum = 0
  for (const [at, admitted] of window) if (at >= from) sum += admitted
  return sum
}

export function withAdmitted(window: AdmissionWindow, now: number, admitted: number): AdmissionWindow {
  if (admitted === 0) return window
  const at = second(now)
  const kept = window.filter(([before]) => before >= at - WINDOW_S && before !== at)
  const same = window.find(([before]) => before === at)?.[1] ?? 0
  return [...kept, [at, same + admitted]]
}

/** When admissions of the window give room again, milliseconds since the epoch; undefined = nothing to wait for. */
export function rateFreeAt(window: AdmissionWindow, now: number): number | undefined {
  const from = second(now) - WINDOW_S
  const oldest = window.find(([at]) => at >= from)
  return oldest && (oldest[0] + WINDOW_S + 1) * 1000
}

export interface Tick {
  readonly intervalMs: number
  /** Use a freed place at once, not at the next interval. */
  readonly admitEarly: boolean
}

/**
 * When the next admission is due, milliseconds since the epoch. `more`: the last one stopped at its bound with places
 * and visitors left, and goes on at once; `freed`: a place came free since.
 */
export function nextAdmissionAt(
  tick: Tick,
  last: { readonly at: number; readonly more: boolean },
  freed: boolean,
  now: number,
): number {
  if (last.more || (freed && tick.admitEarly)) return now
  return Math.max(now, last.at + tick.intervalMs)
}
