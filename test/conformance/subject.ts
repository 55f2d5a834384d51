/** What the suite needs of an engine's test set-up, and the few moves all its cases share. */
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { EffectStore, NewMessage } from '../../src/core/index.ts'
import {
  type Abilities,
  type Delivery,
  type MessageState,
  type QueueEngine,
  type StateCounts,
  type TakeRequest,
  unaccounted,
} from '../../src/queue/index.ts'

/** Everything optional that is left out skips the cases that need it, with that as the reason. */
export interface Subject {
  readonly engine: QueueEngine
  now(): number
  /** Lets the next thing happen: a timer of a fake clock, a turn of the event loop on a real one. */
  tick(): Promise<void>
  /** Moves a fake clock, running every timer on the way. */
  readonly advance?: (ms: number) => Promise<void>
  /** Stops the engine and starts another on the same data. */
  readonly restart?: () => Promise<QueueEngine>
  /** Another engine on what this one has on its disk at this moment, as after a power cut; this one lives on. */
  readonly crash?: () => Promise<QueueEngine>
  /** A second engine on the same data, not started. */
  readonly rival?: () => QueueEngine
  /** Not started: for what happens before and around the start. */
  readonly fresh?: () => QueueEngine
  readonly effects?: EffectStore
  /** Nothing: says that the engine ends by itself what has expired or crashed too often, though nobody takes. */
  readonly unattended?: true
  /** Nothing: says that the engine's records tell `held` from `ready`. */
  readonly heldRecords?: true
  /** Counts every stored message afresh. */
  readonly recount?: () => Promise<Readonly<Record<string, StateCounts>>>
  readonly retentionMs: number
}

export interface SubjectContext {
  /** Runs after the case, the last one first. */
  cleanup(run: () => unknown): void
}

export type MakeSubject = (context: SubjectContext) => Promise<Subject>

type Need =
  | 'advance'
  | 'restart'
  | 'crash'
  | 'rival'
  | 'fresh'
  | 'effects'
  | 'recount'
  | 'unattended'
  | 'heldRecords'
const WHY: Record<Need, string> = {
  advance: 'its clock cannot be moved',
  restart: 'it cannot be restarted here',
  crash: 'its disk cannot be copied',
  rival: 'there is no second engine on the same data',
  fresh: 'there is no engine that is not started',
  effects: 'it keeps no effects',
  recount: 'its messages cannot be counted afresh',
  unattended: 'what nobody takes lies in the broker, which ends nothing by itself that it tells us of',
  heldRecords: 'who waits behind an ordering key is known only to the process that has both messages',
}

export interface Case {
  /** The promise. */
  readonly name: string
  readonly abilities?: readonly (keyof Abilities)[]
  readonly needs?: readonly Need[]
  run(subject: Subject): Promise<void>
}

/** Why a case does not apply to an engine; undefined = it does. */
export function skipReason(one: Case, subject: Subject): string | undefined {
  const ability = one.abilities?.find((name) => !subject.engine.abilities[name])
  if (ability) return `the engine says it has no ${ability}`
  const need = one.needs?.find((name) => subject[name] === undefined)
  return need && WHY[need]
}

export const TYPE = 'MNP'

let made = 0
export function message(more: Partial<NewMessage> = {}): NewMessage {
  made++
  return { id: `c${made}`, type: TYPE, content: `work ${made}`, createdAt: 1, priority: 4, ...more }
}

export const request = (more: Partial<TakeRequest> = {}): TakeRequest => ({
  type: TYPE,
  max: 10,
  leaseMs: 60_000,
  maxRetries: 3,
  retryDelayMs: 100,
  ...more,
})

export const ids = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ lease }) => lease.id)

/** Publishes one and sees it accepted. */
export async function accepted(engine: QueueEngine, more: Partial<NewMessage> = {}): Promise<string> {
  const one = message(more)
  const [receipt] = await engine.publish([one])
  assert.equal(receipt?.kind, 'accepted')
  return one.id
}

export async function takeOne(engine: QueueEngine, more: Partial<TakeRequest> = {}): Promise<Delivery> {
  const [delivery] = await engine.take(request({ max: 1, ...more }))
  assert.ok(delivery, 'something to take')
  return delivery
}

export async function settleOne(
  engine: QueueEngine,
  { lease }: Delivery,
  verdict: Parameters<QueueEngine['settle']>[0][number]['verdict'] = { kind: 'done' },
): Promise<string | undefined> {
  return (await engine.settle([{ lease, verdict }]))[0]
}

/** Publishes one, takes it and sends it to the dead letters. */
export async function deadLetter(engine: QueueEngine, more: Partial<NewMessage> = {}): Promise<string> {
  const id = await accepted(engine, more)
  const delivery = await takeOne(engine, { type: more.type ?? TYPE })
  assert.equal(delivery.lease.id, id)
  assert.equal(await settleOne(engine, delivery, { kind: 'dead', error: `died: ${id}` }), 'settled')
  return id
}

export async function stateOf(engine: QueueEngine, id: string): Promise<MessageState | undefined> {
  return (await engine.find(id))?.state
}

export function countsOf(engine: QueueEngine, type = TYPE): StateCounts {
  const counts = engine.counts().get(type)
  assert.ok(counts, `counts of ${type}`)
  if (engine.abilities.exactCounts) {
    assert.equal(unaccounted(counts), 0, 'Q2: everything accepted is somewhere')
  }
  return counts
}

/** For what only exact counts can show, in a case that every engine is held to otherwise. */
export function exactly(engine: QueueEngine, check: () => void): void {
  if (engine.abilities.exactCounts) check()
}

/** The same for what can be looked up. */
export async function onRecord(engine: QueueEngine, check: () => Promise<void>): Promise<void> {
  if (engine.abilities.browse) await check()
}

/** Not yet, when some messages have been handed in and out meanwhile, on a machine that has much other work, too. */
export const SOON_MS = 3_000

/** For what holds until a moment: whoever looks later, because the machine stood still, has nothing to see. */
export function until({ now }: Subject, moment: number, check: () => void): void {
  if (now() < moment) check()
}

/** Generous: that a machine is busy is no fault. */
const PATIENCE_MS = 30_000

/** Lets `ms` go by: moves a fake clock, or waits for the real one. */
export async function pass(subject: Subject, ms: number): Promise<void> {
  if (subject.advance) return subject.advance(ms)
  const end = subject.now() + ms
  await eventually(subject, `${ms} ms`, async () => subject.now() >= end)
}

/** Lets things happen until `seen` answers something; fails, saying what did not come, when it never does. */
export async function eventually<T>(
  subject: Subject,
  what: string,
  seen: () => Promise<T | undefined | false>,
): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await seen()
    if (found !== undefined && found !== false) return found
    assert.ok(performance.now() < giveUpAt, `did not come: ${what}`)
    await subject.tick()
    await turn()
  }
}

export async function refuses(work: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(work, (error: { code?: string }) => {
    assert.equal(error.code, code)
    return true
  })
}
