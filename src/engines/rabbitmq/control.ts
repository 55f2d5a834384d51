/**
 * What the processes of a queue tell each other: who they are, what they do, what they have counted.
 *
 * Each has a queue of its own, which goes when it goes, behind one fanout exchange; each says its piece once a second.
 * Nothing here is durable, and nothing is confirmed: the next report is a second away.
 *
 * - A process is a member while it was heard of within five seconds, or until it says goodbye.
 * - Tallies of one that has gone stay in the sum, without its gauges, so that totals never fall; one that comes back
 *   after a silence is the same one and counts once.
 * - A broker that takes no messages passes no reports on either: then everybody is alone after five seconds, and that
 *   is what `members` says. A process tells it from a true silence by its own reports, which come back to it as well.
 */
import type { Channel, ChannelModel } from 'amqplib'
import { type Clock, LIMITS, type Logger, type MessageType } from '../../core/index.ts'
import type { Fleet, Member, MemberDetails, MemberLane } from '../../queue/index.ts'
import type { Link } from './link.ts'
import type { Names } from './names.ts'
import { decodeReport, encodeReport, type Report } from './report.ts'
import { sum, type Tallies } from './tallies.ts'

export interface ControlDeps {
  /** Not one that must never be blocked: whoever publishes while the broker is blocked is blocked with all it has. */
  readonly link: Link
  readonly names: Names
  readonly clock: Clock
  readonly logger: Logger
  /** Of this start of this process. */
  readonly id: string
  readonly host: string
  readonly pid: number
  /** What this process has counted. */
  readonly tallies: () => Tallies
  /** When the oldest ready message of the type that lies in this process was accepted; undefined when none does. */
  readonly oldest: (type: MessageType) => number | undefined
}

interface Known {
  report: Report
  heardAt: number
  gone: boolean
}

const EVERY_MS = 1_000
const SILENT_MS = 5_000
/** An own report that has not come back for this long is lost; clearly before the others seem to be gone. */
const DEAF_MS = 3_000
/** Everybody reports within a second of the first that comes through; one more for the way. */
const HEARD_ALL_MS = 2_000
const GOODBYE_LIMIT_MS = 1_000
/** More processes than any queue has; beyond it the longest silent are forgotten, and newcomers while all are alive. */
const MOST_KNOWN = 1_000

export class Control implements Fleet {
  readonly #deps: ControlDeps
  readonly #startedAt: number
  readonly #known = new Map<string, Known>()
  #forgotten: Tallies = {}
  #self: (() => MemberDetails) | undefined
  #channel: Channel | undefined
  #cancelTimer: (() => void) | undefined
  #toldTooLarge = false
  /** When an own report last came back, and since when without a gap. */
  #echo: { readonly since: number; readonly at: number } | undefined
  #phase: 'new' | 'open' | 'stopped' = 'new'

  constructor(deps: ControlDeps) {
    this.#deps = deps
    this.#startedAt = deps.clock.now()
    deps.link.onUp((connection) => this.#open(connection))
  }

  describe(self: () => MemberDetails): void {
    this.#self = self
    if (this.#phase === 'open') this.#report(false)
  }

  members(): readonly Member[] {
    const now = this.#deps.clock.now()
    const members: Member[] = []
    const own = this.#own(false)
    if (own) members.push(memberOf(own, now))
    for (const { report, heardAt, gone } of this.#known.values()) {
      if (!gone && now - heardAt <= SILENT_MS) members.push(memberOf(report, heardAt))
    }
    return members.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1))
  }

  speaks(): boolean {
    return this.#channel !== undefined && this.#deps.link.up
  }

  hears(): boolean {
    const now = this.#deps.clock.now()
    const echo = this.#echo
    return echo !== undefined && now - echo.at <= DEAF_MS && echo.at - echo.since >= HEARD_ALL_MS
  }

  /** When the oldest ready message that lies in any process was accepted, as far as they have told. */
  oldestReadyAt(type: MessageType): number | undefined {
    const lanes = this.members().flatMap((member) => member.lanes.filter((lane) => lane.type === type))
    const times = lanes.flatMap(({ oldestReadyAt }) => oldestReadyAt ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** What the other processes have counted as far as this one has heard; of those that are gone without the gauges. */
  others(): readonly Tallies[] {
    const now = this.#deps.clock.now()
    const all = [...this.#known.values()].map(({ report, heardAt, gone }) =>
      gone || now - heardAt > SILENT_MS ? withoutGauges(report.tallies) : report.tallies,
    )
    return [this.#forgotten, ...all]
  }

  /** Begins to report. Idempotent. */
  start(): void {
    if (this.#phase !== 'new') return
    this.#phase = 'open'
    this.#tick()
  }

  /** Says goodbye, as far as the broker hears it. Idempotent. */
  async stop(): Promise<void> {
    if (this.#phase === 'stopped') return
    if (this.#phase === 'open') this.#report(true)
    this.#phase = 'stopped'
    this.#cancelTimer?.()
    const channel = this.#channel
    this.#channel = undefined
    if (!channel) return
    // The goodbye has left this process when the broker answers to what came after it; not at any price.
    let cancel = () => {}
    const limit = new Promise<void>((resolve) => {
      cancel = this.#deps.clock.after(GOODBYE_LIMIT_MS, resolve)
    })
    const closed = new Promise<void>((resolve) => {
      try {
        channel.close().then(resolve, () => resolve())
      } catch {
        resolve()
      }
    })
    await Promise.race([closed, limit])
    cancel()
  }

  #tick(): void {
    this.#report(false)
    this.#cancelTimer = this.#deps.clock.after(EVERY_MS, () => this.#tick())
  }

  async #open(connection: ChannelModel): Promise<void> {
    this.#channel = undefined
    if (this.#phase === 'stopped') return
    const { control } = this.#deps.names
    const channel = await connection.createChannel()
    channel.on('error', (error: Error) => this.#deps.link.renew(`telling the others: ${error.message}`))
    await channel.assertExchange(control, 'fanout', { durable: false })
    const { queue } = await channel.assertQueue('', {
      exclusive: true,
      autoDelete: true,
      durable: false,
      // Old reports help nobody, and a process that does not read must not fill the broker.
      maxLength: MOST_KNOWN,
      messageTtl: SILENT_MS,
    })
    await channel.bindQueue(queue, control, '')
    await channel.consume(queue, (message) => message && this.#heard(message.content), { noAck: true })
    this.#channel = channel
    if (this.#phase === 'open') this.#report(false)
  }

  #report(leaving: boolean): void {
    const { link, names } = this.#deps
    // What cannot be sent now is worth nothing later.
    if (!this.#channel || link.blocked !== undefined) return
    const own = this.#own(leaving)
    const body = own && encodeReport(own)
    if (own && !body) this.#tooLarge()
    if (!body) return
    try {
      this.#channel.publish(names.control, '', body, { contentType: 'application/json' })
    } catch {
      // The channel has just ended; the next connection makes a new one.
    }
  }

  #own(leaving: boolean): Report | undefined {
    const details = this.#details()
    if (!details) return undefined
    const { id, pid, host, tallies } = this.#deps
    return { id, pid, host, startedAt: this.#startedAt, details, tallies: tallies(), leaving }
  }

  #details(): MemberDetails | undefined {
    try {
      const details = this.#self?.()
      return details && { ...details, lanes: details.lanes.map((lane) => this.#withOldest(lane)) }
    } catch (error) {
      this.#deps.logger.error({ err: error }, 'this process cannot describe itself')
      return undefined
    }
  }

  #withOldest(lane: MemberLane): MemberLane {
    const oldestReadyAt = this.#deps.oldest(lane.type)
    return oldestReadyAt === undefined ? lane : { ...lane, oldestReadyAt }
  }

  #heard(content: Buffer): void {
    const report = decodeReport(content)
    if (!report) return
    const heardAt = this.#deps.clock.now()
    if (report.id === this.#deps.id) return this.#heardSelf(heardAt)
    const known = this.#known.get(report.id)
    if (!known && this.#known.size >= MOST_KNOWN && !this.#forgetOne(heardAt)) return
    this.#known.set(report.id, { report, heardAt, gone: report.leaving })
  }

  #heardSelf(at: number): void {
    const isGap = this.#echo === undefined || at - this.#echo.at > DEAF_MS
    this.#echo = { since: isGap ? at : (this.#echo?.since ?? at), at }
  }

  /** False when all of them are alive. */
  #forgetOne(now: number): boolean {
    let oldest: Known | undefined
    for (const known of this.#known.values()) {
      if (!oldest || known.heardAt < oldest.heardAt) oldest = known
    }
    if (!oldest || (!oldest.gone && now - oldest.heardAt <= SILENT_MS)) return false
    this.#known.delete(oldest.report.id)
    this.#forgotten = added(this.#forgotten, withoutGauges(oldest.report.tallies))
    return true
  }

  #tooLarge(): void {
    if (this.#toldTooLarge) return
    this.#toldTooLarge = true
    this.#deps.logger.error({}, 'the report of this process is too large to be sent: too many types')
  }
}

function memberOf({ id, pid, host, startedAt, details }: Report, heardAt: number): Member {
  return { id, pid, host, startedAt, heardAt, ...details }
}

function withoutGauges(tallies: Tallies): Tallies {
  return Object.fromEntries(
    Object.entries(tallies).map(([type, tally]) => [type, { ...tally, inFlight: 0, buffered: 0 }]),
  )
}

/** Bounded, because strangers could fill it with names of types. */
function added(a: Tallies, b: Tallies): Tallies {
  return Object.fromEntries([...sum([a, b])].slice(0, LIMITS.pageSize))
}
