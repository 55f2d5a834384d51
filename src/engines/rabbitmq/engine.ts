/**
 * The RabbitMQ engine: the queue port on a broker that others may share.
 *
 * Owns three connections (one to publish and declare; one to consume, so that a broker that slows publishers down does
 * not slow consumers too; one for what the processes tell each other), what lies between them and the callers, and the
 * timer of the next thing due.
 *
 * - Q1: a receipt is a publisher confirm of a quorum queue (`outbox.ts`). Q2: nothing is acknowledged before its end or
 *   its next copy is safe (`settling.ts`, `intake.ts`). Q3, Q4: `leases.ts`. Q5: `stock.ts`.
 * - The broker away is a state, not an end: everything resumes by itself (`link.ts`), what was unconfirmed is sent
 *   again, what was out comes again, and until then callers are told so.
 * - The broker owns the messages. What several processes know of them together (keys, records, exact counts) is in the
 *   ledger, if there is one; the abilities say which.
 */
import {
  type Clock,
  LIMITS,
  type Logger,
  type MessageType,
  type NewMessage,
  type Random,
  type SwitchStore,
  WeirError,
} from '../../core/index.ts'
import type {
  Abilities,
  DeadLetterPage,
  Delivery,
  EngineHealth,
  Fleet,
  Ledger,
  MessageRecord,
  QueueEngine,
  Receipt,
  Settlement,
  SettleResult,
  StateCounts,
  TakeRequest,
  TypeDepth,
} from '../../queue/index.ts'
import { abilitiesOf } from './abilities.ts'
import { Alarm } from './alarm.ts'
import { Burial } from './burial.ts'
import { Control } from './control.ts'
import { DeadLetters } from './dead-letters.ts'
import { Delays } from './delays.ts'
import { HandingOut } from './handing-out.ts'
import { Intake } from './intake.ts'
import { Leases } from './leases.ts'
import { Link } from './link.ts'
import { Outage } from './outage.ts'
import { Outbox } from './outbox.ts'
import { Publishing } from './publishing.ts'
import { ReadySignal } from './ready.ts'
import { type Closed, refusal } from './refusal.ts'
import { Settling } from './settling.ts'
import type { Parcel } from './source.ts'
import { Strays } from './strays.ts'
import { SwitchStream } from './switch.ts'
import { countsFrom, OwnTallies, sum } from './tallies.ts'
import { Topology, type TopologyOptions } from './topology.ts'
import { Watch } from './watch.ts'

export interface RabbitMqOptions extends TopologyOptions {
  readonly url: string
  /** Deliveries beyond what is asked for that may lie in this process, per queue. */
  readonly prefetch: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Started and stopped with the engine. */
  readonly ledger?: Ledger
  /** Longest wait for a publisher confirm. Default 10 s. */
  readonly confirmTimeoutMs?: number
  readonly heartbeatSec?: number
  /** What lies in this process unstarted for so long is given back to the broker. Default 20 minutes. */
  readonly unstartedMs?: number
  readonly newId: () => string
  /** Whether this process logs it when messages of unknown types lie in the broker; true unless given. */
  readonly tellsUnrouted?: boolean
  /** What the other processes are told of this one. */
  readonly host: string
  readonly pid: number
}

const CONFIRM_TIMEOUT_MS = 10_000
/** After a lease or a time to live could not be ended, because the broker or the ledger is away. */
const AGAIN_MS = 1_000

export class RabbitMqEngine implements QueueEngine {
  readonly name = 'rabbitmq'
  readonly abilities: Abilities
  readonly fleet: Fleet
  readonly switchStore: SwitchStore
  readonly #options: RabbitMqOptions
  readonly #publishLink: Link
  readonly #consumeLink: Link
  /** Apart, because a broker that takes no messages stops reading from whoever publishes, and a stream may end one. */
  readonly #controlLink: Link
  readonly #control: Control
  readonly #outbox: Outbox
  readonly #intake: Intake
  readonly #leases = new Leases()
  readonly #tallies: OwnTallies
  readonly #publishing: Publishing
  readonly #handingOut: HandingOut
  readonly #settling: Settling
  readonly #deadLetters: DeadLetters
  readonly #watch: Watch
  readonly #alarm: Alarm
  readonly #ready: ReadySignal
  readonly #strays = new Strays()
  /** Calls under way; a stop waits for them. */
  #calls = 0
  #idle: () => void = () => {}
  #phase: 'new' | 'open' | 'stopping' | 'closed' = 'new'
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: RabbitMqOptions) {
    this.#options = options
    const { clock, random, logger, types, ledger, queueName, url, heartbeatSec, prefetch } = options
    const { newId, host, pid } = options
    this.abilities = abilitiesOf(options)
    const topology = new Topology(options)
    const outage = new Outage(logger)
    const linked = { url, clock, random, logger, outage, ...(heartbeatSec !== undefined && { heartbeatSec }) }
    this.#publishLink = new Link({ ...linked, name: `weir ${queueName} publish` })
    this.#consumeLink = new Link({ ...linked, name: `weir ${queueName} consume` })
    this.#controlLink = new Link({ ...linked, name: `weir ${queueName} control` })
    for (const link of [this.#publishLink, this.#consumeLink]) link.onUp((made) => topology.declare(made))
    const delays = new Delays(this.#publishLink, topology, clock)
    this.#outbox = new Outbox(this.#publishLink, clock, options.confirmTimeoutMs ?? CONFIRM_TIMEOUT_MS)
    this.#tallies = new OwnTallies(types)
    this.#alarm = new Alarm(clock, (now) => this.#sweep(now))
    this.#ready = new ReadySignal(logger)
    const shared = {
      topology,
      delays,
      outbox: this.#outbox,
      leases: this.#leases,
      tallies: this.#tallies,
      clock,
      random,
      logger,
      ...(ledger && { ledger }),
      ready: (type: MessageType) => this.#ready.ready(type),
      timed: (at: number) => this.#alarm.by(at),
    }
    const burial = new Burial(shared)
    this.#intake = new Intake({
      ...shared,
      types,
      link: this.#consumeLink,
      prefetch,
      unstartedMs: options.unstartedMs,
      byPriority: this.abilities.priority,
      ripe: (parcel) => this.#ripe(parcel),
      tooOften: (parcel) => burial.takes(parcel),
      unreadable: (source, slip, reason) => burial.refuses(source, slip, reason),
    })
    const wired = { ...shared, intake: this.#intake }
    this.#publishing = new Publishing(wired)
    this.#handingOut = new HandingOut(wired)
    this.#settling = new Settling(wired)
    const beside = { link: this.#controlLink, names: topology.names, clock, logger }
    const tallies = () => {
      this.#noteStrays()
      return this.#ownTallies()
    }
    const oldest = (type: MessageType) => this.#intake.stockOf(type)?.oldestAcceptedAt()
    this.#control = new Control({ ...beside, id: newId(), host, pid, tallies, oldest })
    this.fleet = this.#control
    this.switchStore = new SwitchStream({ ...beside, outbox: this.#outbox, newId })
    this.#deadLetters = new DeadLetters({
      ...shared,
      // Nothing is ever published on it, so a broker short of memory goes on answering there.
      link: this.#consumeLink,
      retried: ({ message: { type } }) => {
        this.#tallies.count(type, 'retried')
        if (!this.#intake.consumes(type)) this.#ready.ready(type)
      },
      deleted: (type) => this.#tallies.count(type, 'deleted'),
    })
    this.#watch = new Watch(
      this.#publishLink,
      topology,
      clock,
      options.tellsUnrouted === false ? undefined : logger,
    )
    this.#consumeLink.onChange(() => {
      if (!this.#consumeLink.up) this.#disconnected()
    })
  }

  /**
   * Resolves when the first attempts to connect have ended, also when the broker is away: `accepting` and `health` then
   * say so, and it goes on trying.
   */
  start(): Promise<void> {
    this.#starting ??= this.#open()
    return this.#starting
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#close()
    return this.#stopping
  }

  async publish(messages: readonly NewMessage[]): Promise<Receipt[]> {
    const accepting = this.accepting()
    if (!accepting.ok) throw refusal(accepting.code, this.#publishLink)
    if (messages.length === 0) return []
    return this.#call(this.#publishing.publish(messages))
  }

  async take(request: TakeRequest): Promise<Delivery[]> {
    this.#mustBeOpen()
    if (request.max <= 0) return []
    return this.#call(this.#handingOut.take(request))
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    this.#mustBeOpen()
    if (settlements.length === 0) return []
    return this.#call(this.#settling.settle(settlements))
  }

  onReady(listener: (types: ReadonlySet<MessageType>) => void): () => void {
    return this.#ready.listen(listener)
  }

  counts(): ReadonlyMap<MessageType, StateCounts> {
    const { ledger } = this.#options
    if (ledger)
      return this.#strays.asReady(ledger.counts(), (type) => this.#ownTallies()[type]?.inFlight ?? 0)
    const counts = new Map<MessageType, StateCounts>()
    const total = sum([this.#ownTallies(), ...this.#control.others()])
    for (const [type, tally] of total) {
      counts.set(type, countsFrom(tally, this.#watch.waiting(type, total)))
    }
    return counts
  }

  async depth(): Promise<ReadonlyMap<MessageType, TypeDepth>> {
    this.#mustBeOpen()
    await this.#watch.look()
    const depths = new Map<MessageType, TypeDepth>()
    for (const [type, counts] of this.counts()) {
      await this.#intake.fence(type).catch(() => {})
      const own = this.#intake.stockOf(type)?.oldestAcceptedAt()
      // What was told a second ago may have been handed out since.
      const told = counts.ready > 0 ? this.#control.oldestReadyAt(type) : undefined
      const oldestReadyAt = own === undefined || told === undefined ? (own ?? told) : Math.min(own, told)
      depths.set(type, oldestReadyAt === undefined ? { counts } : { counts, oldestReadyAt })
    }
    return depths
  }

  async find(id: string): Promise<MessageRecord | undefined> {
    this.#mustBeOpen()
    const { ledger } = this.#options
    if (!ledger) throw new WeirError('not_available', 'without a ledger single messages cannot be looked up')
    return ledger.find(id)
  }

  async deadLetters(query: { type?: MessageType; limit: number; after?: string }): Promise<DeadLetterPage> {
    this.#mustBeOpen()
    return this.#call(this.#deadLetters.list({ ...query, limit: Math.max(1, query.limit) }))
  }

  async retryDeadLetters(query: { ids?: readonly string[]; type?: MessageType }): Promise<number> {
    this.#mustBeOpen()
    if (this.#publishLink.blocked !== undefined) throw refusal('broker_blocked', this.#publishLink)
    return this.#call(this.#deadLetters.retry(query))
  }

  async deleteDeadLetters(query: { ids?: readonly string[]; type?: MessageType }): Promise<number> {
    this.#mustBeOpen()
    return this.#call(this.#deadLetters.delete(query))
  }

  health(): EngineHealth {
    if (this.#phase !== 'open') return { ok: false, reason: `the engine is ${this.#phase}` }
    for (const link of [this.#publishLink, this.#consumeLink]) {
      if (link.fault !== undefined) return { ok: false, reason: `broker_unavailable: ${link.fault}` }
    }
    const { blocked } = this.#publishLink
    if (blocked !== undefined) return { ok: false, reason: `broker_blocked: ${blocked}` }
    return this.#options.ledger?.health() ?? { ok: true }
  }

  accepting(): { readonly ok: true } | { readonly ok: false; readonly code: Closed } {
    if (this.#phase !== 'open') return { ok: false, code: 'stopping' }
    if (this.#publishLink.fault !== undefined) return { ok: false, code: 'broker_unavailable' }
    if (this.#publishLink.blocked !== undefined) return { ok: false, code: 'broker_blocked' }
    if (this.#outbox.pending >= LIMITS.pendingMessages) return { ok: false, code: 'overloaded' }
    return { ok: true }
  }

  /** Messages that no queue was there for; undefined until the broker was asked. */
  unrouted(): number | undefined {
    return this.#watch.unrouted
  }

  async #open(): Promise<void> {
    if (this.#phase !== 'new') throw new WeirError('stopping', 'the engine was stopped before it was started')
    this.#phase = 'open'
    const links = [this.#publishLink, this.#consumeLink, this.#controlLink]
    await Promise.all([...links.map((link) => link.start()), this.#options.ledger?.start()])
    this.#watch.start()
    this.#control.start()
  }

  async #close(): Promise<void> {
    const started = this.#starting !== undefined
    // The door closes in this very turn, before anything is waited for.
    this.#phase = started ? 'stopping' : 'closed'
    if (!started) return
    await this.#starting?.catch(() => {})
    this.#watch.stop()
    // Each call ends within the time limit of a confirm, whatever the broker does.
    while (this.#calls > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    this.#alarm.stop()
    await this.#intake.close()
    await this.#consumeLink.stop()
    await this.#control.stop()
    await this.#controlLink.stop()
    await this.#outbox.drained()
    await this.#publishLink.stop()
    await this.#options.ledger?.stop()
    this.#phase = 'closed'
  }

  /** What only time changes; answers when to look again. */
  #sweep(now: number): number {
    const again = () => this.#alarm.by(now + AGAIN_MS)
    this.#call(this.#settling.endLeases(now)).catch(again)
    let next = Math.min(this.#leases.nextEndAt(), this.#intake.freshen(now))
    for (const [type, stock] of this.#intake.stocks) {
      const ripe = stock.ripen(now)
      for (const parcel of ripe) this.#ripe(parcel)
      if (ripe.length > 0) this.#ready.ready(type)
      this.#call(this.#handingOut.expire(stock, now)).catch(again)
      next = Math.min(next, stock.nextDueAt(), stock.nextExpiryAt())
    }
    return next
  }

  /** Its delay is over: it counts as ready, here and in the book. */
  #ripe({ copy, redeliveries, takes }: Parcel): void {
    const { id, type } = copy.message
    // Another process, or this one before, has counted a copy that was delivered already.
    if (takes > 0 || redeliveries === 0) this.#tallies.count(type, 'delayedOut')
    this.#options.ledger?.record([{ kind: 'ready', id, type, round: copy.round }]).catch(() => {})
  }

  /** The leases of a lost connection are void: the broker hands those messages out again. */
  #disconnected(): void {
    this.#intake.lost()
    for (const { type } of this.#leases.void()) this.#tallies.count(type, 'inFlight', -1)
  }

  /** Once a second, with each report. */
  #noteStrays(): void {
    const counts = this.#options.ledger?.counts()
    const held = () => sum([this.#ownTallies(), ...this.#control.others()])
    if (counts)
      this.#strays.note(this.#options.clock.now(), counts, this.#control.hears() ? held() : undefined)
  }

  #ownTallies() {
    return this.#tallies.read((type) => this.#intake.buffered(type))
  }

  async #call<T>(work: Promise<T>): Promise<T> {
    this.#calls += 1
    try {
      return await work
    } finally {
      this.#calls -= 1
      if (this.#calls === 0) this.#idle()
    }
  }

  #mustBeOpen(): void {
    if (this.#phase !== 'open') throw new WeirError('stopping', `the engine is ${this.#phase}`)
  }
}
