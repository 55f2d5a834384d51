/** What the suite needs of an engine's test set-up, and the few moves all its cases share. */
import assert from 'node:assert/strict'
import {
  type Admission,
  DEFAULT_DOOR,
  type DoorSettings,
  type LineCounts,
  type LineEngine,
  unaccountedVisitors,
  type Visit,
  type VisitorState,
} from '../../../src/waiting-room/index.ts'

/** Everything optional that is left out skips the cases that need it, with that as the reason. */
export interface LineSubject {
  readonly engine: LineEngine
  now(): number
  /** Moves the engine's clock. */
  readonly advance?: (ms: number) => Promise<void>
  /** Stops the engine and starts another on the same data. */
  readonly restart?: () => Promise<LineEngine>
  /** Another engine on what this one has stored at this moment, as after a power cut. */
  readonly crash?: () => Promise<LineEngine>
  /** Several that work on the same data at once; the engine itself when it is the only one that can. */
  readonly processors: () => Promise<readonly LineEngine[]>
}

export interface LineContext {
  /** Runs after the case, the last one first. */
  cleanup(run: () => unknown): void
}

export type MakeLine = (context: LineContext) => Promise<LineSubject>

type Need = 'advance' | 'restart' | 'crash'
const WHY: Record<Need, string> = {
  advance: 'its clock cannot be moved',
  restart: 'it cannot be restarted here',
  crash: 'its data cannot be copied',
}

export interface LineCase {
  /** The promise. */
  readonly name: string
  readonly needs?: readonly Need[]
  run(subject: LineSubject): Promise<void>
}

export function skipReason(one: LineCase, subject: LineSubject): string | undefined {
  const need = one.needs?.find((name) => subject[name] === undefined)
  return need && WHY[need]
}

export const EVENT = 'concert-1'

/** An event with these settings. */
export async function eventOf({ engine }: LineSubject, door: Partial<DoorSettings> = {}): Promise<void> {
  assert.equal(await engine.define(EVENT, { ...DEFAULT_DOOR, ...door }), true)
}

/** Enters and is in the line or inside; answers the visit. */
export async function enters(engine: LineEngine, visitor: string, event = EVENT): Promise<Visit> {
  const result = await engine.enter(event, visitor)
  assert.equal(result.kind, 'in', `${visitor} ${JSON.stringify(result)}`)
  return result.kind === 'in' ? result.visit : assert.fail()
}

export async function allEnter(engine: LineEngine, visitors: readonly string[]): Promise<Visit[]> {
  const visits: Visit[] = []
  for (const visitor of visitors) visits.push(await enters(engine, visitor))
  return visits
}

export const people = (count: number, prefix = 'v'): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)

export const names = (admission: Admission): string[] => admission.called.map(({ visitor }) => visitor)

export async function stateOf(engine: LineEngine, visitor: string): Promise<VisitorState> {
  return (await engine.status(EVENT, visitor)).state
}

export async function statesOf(engine: LineEngine, visitors: readonly string[]): Promise<VisitorState[]> {
  return Promise.all(visitors.map((visitor) => stateOf(engine, visitor)))
}

/** Counts, with the two laws that hold at every moment: conservation, and L3 unless the cap was lowered. */
export async function countsOf(engine: LineEngine, event = EVENT): Promise<LineCounts> {
  const snapshot = await engine.snapshot(event)
  assert.ok(snapshot, `snapshot of ${event}`)
  const { counts, frame } = snapshot
  assert.equal(unaccountedVisitors(counts), 0, `everybody is somewhere: ${JSON.stringify(counts)}`)
  assert.equal(frame.active, counts.ready + counts.admitted)
  assert.equal(frame.waiting, counts.waiting)
  return counts
}

export async function changes(engine: LineEngine, change: Partial<DoorSettings>): Promise<void> {
  const door = await engine.change(EVENT, change)
  assert.ok(door)
  assert.deepEqual({ ...door, ...change }, door)
}

export async function passes(subject: LineSubject, ms: number): Promise<void> {
  assert.ok(subject.advance)
  await subject.advance(ms)
}
