/**
 * The line in Redis: one line for all processes that share a Redis (or a server that speaks its protocol).
 *
 * Owns its connection, the look at what others did, and the names of its own calls, between `start` and `stop` (S1).
 * Every step is one script, atomic on the server and timed by the server's clock, so that any number of processes and
 * processors work on one line (L1, L2, L3, L5). Nothing of the line is kept here: a process that ends takes nothing
 * with it (L4); how much a crash of Redis itself takes is up to its own settings.
 *
 *   Redis away: every call is refused with `storage_failed` at once, nobody is admitted; nothing is queued. When it is
 *   back everybody has the grace to show up again, for nobody could be seen meanwhile. A call that was refused may have
 *   happened all the same, and may be repeated: entering finds the ticket, a call is told by the look at the stream.
 */
import { type Clock, LIMITS, type Logger, WeirError } from '../../../core/index.ts'
import {
  ADMIT_MAX,
  type Admission,
  type AuditEntry,
  type Cleared,
  type ClearRequest,
  type DoorSettings,
  type Draw,
  EMPTY_ROOT,
  type EnterResult,
  isDrawSecret,
  isEventId,
  isVisitorId,
  type LineEngine,
  type LineHealth,
  type LineNews,
  places,
  type Snapshot,
  type Visit,
} from '../../../waiting-room/index.ts'
import { Batches } from '../batches.ts'
import type { Reply, Script } from '../connection.ts'
import { failed, RETRY_AFTER_MS } from '../faults.ts'
import { calledOf, countsOf, entryOf, listOf, snapshotOf, standingOf, visitOf } from './answers.ts'
import { auditEntryOf } from './audit.ts'
import { LineCalls, type LineCallsOptions } from './calls.ts'
import { Draws, pairsOf } from './draws.ts'
import { ADMIT, CHANGE, CLEAR, DEFINE, SNAPSHOT } from './event-scripts.ts'
import { LOOK, OtherNews } from './news.ts'
import { changedDoor, checkDoor, invalid } from './settings.ts'
import { ENTER, SEEN, STEP } from './visitor-scripts.ts'
import { packDoor, parseDoor, parseState } from './words.ts'

export type RedisLineOptions = LineCallsOptions

const LOOK_EVERY_MS = 200
const ENTERS_AT_ONCE = 100
/** Visitors of one `seen` in one script. */
const SEEN_AT_ONCE = 500
/** Events are made by operators, or by visitors where that is allowed; each takes memory for good. */
const MOST_EVENTS = 10_000
/** Others change the same door at the same moment: operators are few, and a follower of the backlog is one more. */
const CHANGE_TRIES = 50
const UNKNOWN: Admission = { called: [], parked: 0, more: false, limitedBy: 'closed' }

type StepName = 'claim' | 'renew' | 'done' | 'leave' | 'undo' | 'status'

export class RedisLine implements LineEngine {
  readonly name = 'redis'
  readonly #calls: LineCalls
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #listeners = new Set<(news: LineNews) => void>()
  readonly #news = new OtherNews((news) => this.#tell(news))
  readonly #draws = new Draws(async (script, event, args) => (await this.#run(script, event, args))?.own)
  readonly #enters: Batches<readonly [event: string, visitor: string], EnterResult>
  /** Names this process among those that share the line. */
  readonly #self: string
  #named = 0
  #cancelLook = () => {}
  #looking: Promise<void> = Promise.resolve()

  constructor(options: RedisLineOptions) {
    this.#clock = options.clock
    this.#logger = options.logger
    this.#calls = new LineCalls(options)
    this.#self = Array.from({ length: 4 }, () => options.random().toString(36).slice(2, 8)).join('')
    this.#enters = new Batches({
      send: (items) => this.#enterAll(items),
      most: ENTERS_AT_ONCE,
      waiting: LIMITS.pendingMessages,
      // Not a line that is away: it works, and has enough to do.
      refusal: () =>
        new WeirError('overloaded', 'too many entries wait for Redis', { retryAfterMs: RETRY_AFTER_MS }),
    })
  }

  /** Resolves also when Redis is away; it is looked for until `stop`. */
  async start(): Promise<void> {
    if (!(await this.#calls.start())) return
    // What others do from here on is heard of.
    await this.#look()
  }

  async stop(): Promise<void> {
    this.#cancelLook()
    await this.#calls.stop()
    await this.#enters.idle()
    await this.#looking
  }

  async define(event: string, door: DoorSettings): Promise<boolean> {
    if (!isEventId(event)) throw invalid([{ field: 'event', problem: 'must be 1 to 64 of A-Z a-z 0-9 _ -' }])
    checkDoor(door)
    const reply = await this.#calls.ask(
      DEFINE,
      event,
      [packDoor(door), JSON.stringify(door), String(MOST_EVENTS)],
      this.#self,
    )
    const [kind, key] = listOf(reply)
    if (kind === 'unusable') {
      throw failed(`Redis: the key ${key} holds something that is not ours`)
    }
    if (kind === 'full') throw new WeirError('overloaded', `there are ${MOST_EVENTS} events already`)
    return kind === 'made'
  }

  async change(event: string, change: Partial<DoorSettings>): Promise<DoorSettings | undefined> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const before = await this.#doorOf(event)
      if (before === undefined) return undefined
      const door = changedDoor(parseDoor(before), change)
      const reply = await this.#run(CHANGE, event, [before, packDoor(door), JSON.stringify(door)])
      if (reply?.own[0] === 1) return door
    }
    throw failed('the settings are being changed by too many at once')
  }

  async prequeue(
    event: string,
    secret: string,
    opensAt: number | null,
  ): Promise<{ commitment: string } | false> {
    if (!isDrawSecret(secret)) throw invalid([{ field: 'secret', problem: 'must be 32 bytes in hex' }])
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const before = await this.#doorOf(event)
      if (before === undefined) return false
      const door: DoorSettings = { ...parseDoor(before), mode: 'prequeue', opensAt }
      checkDoor(door)
      const begun = await this.#draws.begin(event, secret, before, door)
      if (begun.kind === 'begun') return { commitment: begun.commitment }
      if (begun.kind !== 'stale') return false
    }
    throw failed('the settings are being changed by too many at once')
  }

  async open(event: string, beacon: string): Promise<Draw | undefined> {
    return this.#draws.open(event, beacon.slice(0, LIMITS.keyLength), () => this.#doorOf(event))
  }

  async events(): ReturnType<LineEngine['events']> {
    const names = listOf(
      await this.#calls.command(['ZRANGE', this.#calls.keys.shared('events'), '0', '-1']),
    ).map(String)
    const found = await Promise.all(names.map((event) => this.#summary(event)))
    return found.filter((one) => one !== undefined)
  }

  async enter(event: string, visitor: string): Promise<EnterResult> {
    if (!isVisitorId(visitor)) throw new WeirError('internal', 'not the id of a visitor')
    this.#calls.guard()
    const [result] = await this.#enters.submit([[event, visitor]])
    if (!result) throw new WeirError('internal', 'an entry without an answer')
    return result
  }

  async admit(event: string, max: number): Promise<Admission> {
    await this.#calls.presentAfterFailure()
    const most = Math.max(0, Math.min(max, ADMIT_MAX))
    const name = this.#newName()
    this.#news.begins(name)
    try {
      const reply = await this.#run(ADMIT, event, [String(most)], name)
      const admission = reply ? admissionOf(reply.own) : UNKNOWN
      this.#news.answered(name, admission.called.length > 0)
      if (admission.called.length > 0) this.#tell({ kind: 'called', event, called: admission.called })
      return admission
    } catch (error) {
      this.#news.failed(name)
      throw error
    }
  }

  claim(event: string, visitor: string): Promise<Visit> {
    return this.#step(event, visitor, 'claim')
  }

  renew(event: string, visitor: string): Promise<Visit> {
    return this.#step(event, visitor, 'renew')
  }

  done(event: string, visitor: string): Promise<Visit> {
    return this.#step(event, visitor, 'done')
  }

  leave(event: string, visitor: string): Promise<Visit> {
    return this.#step(event, visitor, 'leave')
  }

  undo(event: string, visitor: string): Promise<Visit> {
    return this.#step(event, visitor, 'undo')
  }

  status(event: string, visitor: string): Promise<Visit> {
    return this.#step(event, visitor, 'status')
  }

  async seen(event: string, visitors: readonly string[]): Promise<void> {
    for (let at = 0; at < visitors.length; at += SEEN_AT_ONCE)
      await this.#run(SEEN, event, visitors.slice(at, at + SEEN_AT_ONCE))
  }

  present(): Promise<void> {
    return this.#calls.present()
  }

  async snapshot(event: string): Promise<Snapshot | undefined> {
    const reply = await this.#run(SNAPSHOT, event, [])
    if (!reply) return undefined
    const draw = pairsOf(reply.own[2]).size > 0 ? await this.#draws.current(event) : undefined
    return { ...snapshotOf(event, reply.own), ...(draw && { draw }) }
  }

  async clear(event: string, { active, dryRun }: ClearRequest): Promise<Cleared | undefined> {
    const name = this.#newName()
    this.#news.begins(name)
    try {
      const reply = await this.#run(CLEAR, event, [active ? '1' : '0', dryRun ? '1' : '0', EMPTY_ROOT], name)
      this.#news.answered(name, reply !== undefined && !dryRun)
      if (!reply) return undefined
      const [waiting = 0, registered = 0, parked = 0, inside = 0, epoch = 0] = reply.own.map(Number)
      if (!dryRun) this.#tell({ kind: 'cleared', event, epoch, active })
      return { waiting, registered, parked, active: inside, epoch }
    } catch (error) {
      this.#news.failed(name)
      throw error
    }
  }

  async audit(after: number, limit: number): Promise<readonly AuditEntry[]> {
    const most = Math.max(1, Math.min(limit, LIMITS.pageSize))
    const from = `${Math.max(0, after) + 1}-0`
    const command = ['XRANGE', this.#calls.keys.shared('audit'), from, '+', 'COUNT', String(most)]
    return listOf(await this.#calls.command(command)).map(auditEntryOf)
  }

  follow(listener: (news: LineNews) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  health(): LineHealth {
    return this.#calls.health()
  }

  #newName(): string {
    this.#named++
    return `${this.#self}:${this.#named}`
  }

  async #step(event: string, visitor: string, step: StepName): Promise<Visit> {
    const reply = await this.#run(STEP, event, [step, visitor])
    return visitOf(event, visitor, reply?.own[0])
  }

  /** Those that came together go together, an event at a time; the order of arrivals within an event is kept. */
  async #enterAll(items: readonly (readonly [event: string, visitor: string])[]): Promise<EnterResult[]> {
    const results: EnterResult[] = items.map(() => ({ kind: 'refused', code: 'unknown_event' }))
    const byEvent = Map.groupBy(
      items.map(([event, visitor], at) => ({ event, visitor, at })),
      ({ event }) => event,
    )
    const work = Array.from(byEvent, async ([event, entries]) => {
      const reply = await this.#run(
        ENTER,
        event,
        entries.map(({ visitor }) => visitor),
      )
      if (!reply) return
      const answers = listOf(reply.own[0])
      const look = standingOf(event, reply.own[1])
      for (const [i, { visitor, at }] of entries.entries())
        results[at] = entryOf(event, visitor, answers[i], look)
    })
    await Promise.all(work)
    return results
  }

  async #summary(event: string): Promise<Awaited<ReturnType<LineEngine['events']>>[number] | undefined> {
    const [meta, waiting] = await Promise.all([
      this.#calls.command(['HMGET', this.#calls.keys.of(event, 'meta'), 'door', 'state']),
      this.#calls.command(['ZCARD', this.#calls.keys.of(event, 'queue')]),
    ])
    const [doorText, stateText] = listOf(meta)
    if (typeof doorText !== 'string') return undefined
    const door = parseDoor(doorText)
    if (door.mode === 'prequeue' && (await this.#finishedDraw(event))) return this.#summary(event)
    return {
      event,
      counts: countsOf(parseState(String(stateText)), Number(waiting)),
      door,
    }
  }

  /** Goes on for a process that ended, or lost Redis, between the sealing of the list and the opening of the door. */
  async #finishedDraw(event: string): Promise<boolean> {
    const phase = await this.#calls.command(['HGET', this.#calls.keys.of(event, 'draw'), 'phase'])
    return phase === 'sealed' && (await this.open(event, '')) !== undefined
  }

  async #doorOf(event: string): Promise<string | undefined> {
    const text = await this.#calls.command(['HGET', this.#calls.keys.of(event, 'meta'), 'door'])
    return text === null ? undefined : String(text)
  }

  /** A script about one event, and what everybody is told of it; undefined = no such event. */
  async #run(
    script: Script,
    event: string,
    args: readonly string[],
    name = this.#self,
  ): Promise<{ readonly own: readonly Reply[] } | undefined> {
    const reply = await this.#calls.ask(script, event, args, name)
    if (!Array.isArray(reply)) return undefined
    const [flags, seq, ...own] = reply as readonly Reply[]
    if (Number(flags) > 0) {
      if (Number(seq) > 0) this.#news.moved(event, Number(seq))
      this.#tell({ kind: 'moved', event, freed: Number(flags) === 2 })
    }
    return { own }
  }

  /** And again after a while, whether it went well or not. */
  async #look(): Promise<void> {
    const keys = (['moves', 'freed', 'calls', 'seq'] as const).map(this.#calls.keys.shared)
    try {
      while (this.#news.heard(await this.#calls.run(LOOK, keys, this.#news.args)));
    } catch {
      // Redis is away: health says so, and the next look goes on from where this one was.
    }
    if (!this.#calls.running) return
    this.#cancelLook = this.#clock.after(LOOK_EVERY_MS, () => {
      this.#looking = this.#look()
    })
  }

  /** A listener's fault stays his. */
  #tell(news: LineNews): void {
    for (const listener of this.#listeners) {
      try {
        listener(news)
      } catch (error) {
        this.#logger.error({ err: error }, 'a listener to the line failed')
      }
    }
  }
}

/** { passed over, more, door, active, of the last minute, waiting, called }. */
function admissionOf(own: readonly Reply[]): Admission {
  const [parked, more, door, active, minute, waiting, called] = own
  const { limitedBy } = places(parseDoor(String(door)), Number(active), Number(minute), Number(waiting))
  return { called: calledOf(called), parked: Number(parked), more: Number(more) === 1, limitedBy }
}
