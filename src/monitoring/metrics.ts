/**
 * The Prometheus text. Events are counted in tallies, states are read at the scrape; nothing runs in
 * between. Owns one registry (never the client library's global one). Names, labels and buckets of the
 * first six metrics are fixed from outside (CONTRACT section 5).
 */
import { Registry } from 'prom-client'
import type { ConsumerEvent, ScalingEvent, ScalingStatus } from '../consumer/index.ts'
import type { Clock, MessageType } from '../core/index.ts'
import type { GatewayEvent } from '../gateway/index.ts'
import type { Fleet, QueueEngine, Rates, StateCounts, TypeDepth } from '../queue/index.ts'
import type { ProcessFigures, ProcessProbe } from './probe.ts'
import { registerProcess } from './process-metrics.ts'
import type { LaneNow } from './progress.ts'
import { ScalingMetrics } from './scaling.ts'
import { type Reading, readGauge, TalliedHistogram, talliedCounter } from './tallied.ts'
import { type Buckets, Tally } from './tally.ts'

export interface ServiceHealth {
  readonly name: string
  /** For example `gateway`, `processor`, `engine`. */
  readonly type: string
  readonly healthy: boolean
}

export interface MetricsDeps {
  readonly engine: Pick<QueueEngine, 'counts' | 'depth' | 'abilities'>
  readonly flow: { rates(type: MessageType): Rates }
  readonly queueName: string
  readonly monitoring: { readonly enabled: boolean }
  readonly services: () => readonly ServiceHealth[]
  /** The lanes of this process; empty in a role without consumers. */
  readonly lanes: () => readonly LaneNow[]
  /** Of all processes. */
  readonly fleet: Pick<Fleet, 'members'>
  /** Messages that no type's queue took; undefined where there is no such place. */
  readonly unrouted: () => number | undefined
  /** The scaler's decisions of now; absent or empty in a process that does not scale. */
  readonly scaling?: () => readonly ScalingStatus[]
  readonly probe: Pick<ProcessProbe, 'read'>
  readonly clock: Clock
}

/** Fixed from outside, seconds. */
export const DURATION_BUCKETS = [0.1, 0.5, 1, 2, 5, 10] as const
/** A wait is the length of a burst divided by the pace: from nothing to hours. */
const WAIT_BUCKETS = [0.01, 0.1, 1, 10, 60, 300, 1800, 7200] as const
/** What remains while monitoring is off. */
const ALWAYS = ['bss_monitoring_enabled', 'bss_service_health'] as const
const BREAKER_VALUES = { closed: 0, half_open: 1, open: 2 } as const

type Finished = Extract<ConsumerEvent, { kind: 'finished' }>

/** The children that every attempt of one type and processor needs, made once. */
interface LaneChildren {
  readonly duration: Buckets
  readonly status: Record<Finished['status'], { value: number }>
}

export class Metrics {
  readonly #deps: MetricsDeps
  readonly #registry = new Registry()
  readonly #processed = new Tally()
  readonly #retries = new Tally()
  readonly #outcomes = new Tally()
  readonly #accepted = new Tally()
  readonly #refused = new Tally()
  readonly #stale = new Tally()
  readonly #lanes = new Map<MessageType, Map<string, LaneChildren>>()
  readonly #duration: TalliedHistogram
  readonly #wait: TalliedHistogram
  readonly #scaling: ScalingMetrics
  /** Read once for a scrape, because several metrics show parts of them. */
  #depth: ReadonlyMap<MessageType, TypeDepth> = new Map()
  #figures: ProcessFigures | undefined

  constructor(deps: MetricsDeps) {
    this.#deps = deps
    this.#duration = new TalliedHistogram(
      this.#named('bss_message_processing_duration_seconds', 'Time of an attempt', [
        'message_type',
        'processor',
      ]),
      DURATION_BUCKETS,
    )
    this.#wait = new TalliedHistogram(
      this.#named('bss_message_wait_seconds', 'From acceptance to the start of an attempt', ['message_type']),
      WAIT_BUCKETS,
    )
    this.#registerEvents()
    this.#registerQueue()
    this.#registerFleet()
    this.#registerState()
    registerProcess(this.#registry, () => this.#figures)
    this.#scaling = new ScalingMetrics(this.#registry, () => deps.scaling?.() ?? [])
  }

  /** Hears the consumer. Wrap it in the switch's `guard`. */
  readonly consumer = (event: ConsumerEvent): void => {
    switch (event.kind) {
      case 'started':
        this.#wait.child(event.type).observe(event.waitMs / 1000)
        return
      case 'finished':
        this.#finished(event)
        return
      case 'stale_settle':
        this.#stale.child(event.type).value += 1
        return
      case 'breaker':
        // Its state is read at the scrape: an event that fell into a time with monitoring off would be
        // missed.
        return
    }
  }

  /** Hears the gateway. Wrap it in the switch's `guard`. */
  readonly gateway = (event: GatewayEvent): void => {
    if (event.kind === 'accepted') this.#accepted.child(event.type).value += event.count
    else this.#refused.child(event.code).value += event.count
  }

  /** Hears the scaler. Wrap it in the switch's `guard`. */
  readonly scaler = (event: ScalingEvent): void => this.#scaling.decided(event)

  /** The text for Prometheus; with monitoring off only the switch and health. */
  async text(): Promise<{ contentType: string; body: string }> {
    const { contentType } = this.#registry
    if (!this.#deps.monitoring.enabled) {
      const parts = await Promise.all(ALWAYS.map((name) => this.#registry.getSingleMetricAsString(name)))
      return { contentType, body: `${parts.join('\n\n')}\n` }
    }
    // A store that cannot be read must not take the rest of the metrics away: that is when they are needed.
    this.#depth = await this.#deps.engine.depth().catch(() => new Map())
    this.#figures = this.#deps.probe.read()
    return { contentType, body: await this.#registry.metrics() }
  }

  #finished(event: Finished): void {
    const children = this.#children(event.type, event.processor)
    children.duration.observe(event.durationMs / 1000)
    children.status[event.status].value += 1
    if (event.outcome !== undefined) this.#outcomes.child(event.type, event.outcome).value += 1
  }

  #children(type: MessageType, processor: string): LaneChildren {
    const ofType = this.#lanes.get(type) ?? new Map<string, LaneChildren>()
    this.#lanes.set(type, ofType)
    const known = ofType.get(processor)
    if (known) return known
    const made = {
      duration: this.#duration.child(type, processor),
      status: {
        done: this.#processed.child(type, processor, 'done'),
        rejected: this.#processed.child(type, processor, 'rejected'),
        dead: this.#processed.child(type, processor, 'dead'),
        // An attempt that will be repeated has not processed the message, so it is counted apart.
        retry: this.#retries.child(type),
      },
    }
    ofType.set(processor, made)
    return made
  }

  #named(name: string, help: string, labels: readonly string[]) {
    return { registry: this.#registry, name, help, labels }
  }

  #registerEvents(): void {
    const type = 'message_type'
    const counter = (name: string, help: string, labels: readonly string[], tally: Tally) =>
      talliedCounter(this.#named(name, help, labels), tally)
    const processed = [type, 'processor', 'status']
    counter('bss_messages_processed_total', 'Messages that ended, by how', processed, this.#processed)
    counter('bss_message_retries_total', 'Attempts that will be repeated', [type], this.#retries)
    counter('bss_message_outcomes_total', 'Business outcomes', [type, 'outcome'], this.#outcomes)
    counter('bss_messages_accepted_total', 'Messages accepted, durable', [type], this.#accepted)
    counter('bss_messages_refused_total', 'Messages refused, by code', ['code'], this.#refused)
    counter('bss_stale_settles_total', 'Results that came after the lease was lost', [type], this.#stale)
  }

  #registerQueue(): void {
    const queue = this.#deps.queueName
    const counts = () => this.#deps.engine.counts()
    const gauge = (name: string, help: string, labels: readonly string[], read: () => Iterable<Reading>) =>
      readGauge(this.#named(name, help, ['queue_name', ...labels]), read)
    const byType = (value: (counts: StateCounts) => number) => () =>
      [...counts()].map(([type, of]): Reading => [[queue, type], value(of)])

    gauge('bss_queue_length', 'Accepted and not yet handed out', [], () => [
      [[queue], sum([...counts().values()].map((of) => of.ready + of.delayed))],
    ])
    gauge('bss_queue_processing_rate', 'Messages handed out per second', [], () => [
      [[queue], sum([...counts().keys()].map((type) => this.#deps.flow.rates(type).outPerSecond))],
    ])
    gauge('bss_queue_messages', 'Unfinished messages by state', ['message_type', 'state'], () =>
      [...counts()].flatMap(([type, of]): Reading[] => [
        [[queue, type, 'ready'], of.ready],
        [[queue, type, 'in_flight'], of.inFlight],
        [[queue, type, 'delayed'], of.delayed],
      ]),
    )
    gauge(
      'bss_dead_letters',
      'Dead letters kept',
      ['message_type'],
      byType((of) => of.dead),
    )
    gauge(
      'bss_expired_messages',
      'Messages that ended expired',
      ['message_type'],
      byType((of) => of.expired),
    )
    const law = 'Accepted minus everything known; anything but 0 is a loss'
    // Figures that the processes tell each other are never of one moment, and would show losses that are none.
    const accounts = byType(unaccounted)
    gauge('bss_queue_unaccounted_messages', law, ['message_type'], () =>
      this.#deps.engine.abilities.exactCounts ? accounts() : [],
    )
    gauge('bss_queue_oldest_message_age_seconds', 'Age of the oldest ready message', ['message_type'], () =>
      this.#ages(),
    )
  }

  /** A process that cannot see the head of a queue on a broker says nothing: 0 would silence an alert on age. */
  #ages(): Reading[] {
    const { queueName, clock } = this.#deps
    const now = clock.now()
    return [...this.#depth].flatMap(([type, { counts, oldestReadyAt }]): Reading[] => {
      if (oldestReadyAt === undefined && counts.ready > 0) return []
      const age = oldestReadyAt === undefined ? 0 : Math.max(0, now - oldestReadyAt) / 1000
      return [[[queueName, type], age]]
    })
  }

  #registerFleet(): void {
    const { queueName: queue, fleet, unrouted } = this.#deps
    const gauge = (name: string, help: string, labels: readonly string[], read: () => Iterable<Reading>) =>
      readGauge(this.#named(name, help, ['queue_name', ...labels]), read)
    gauge('bss_consumers', 'Consumers of all processes that take messages', ['message_type'], () => {
      const consumers = new Map<MessageType, number>()
      for (const { draining, lanes } of fleet.members()) {
        for (const { type } of lanes) consumers.set(type, (consumers.get(type) ?? 0) + (draining ? 0 : 1))
      }
      return [...consumers].map(([type, count]): Reading => [[queue, type], count])
    })
    const lost = 'Messages of unknown types, kept apart'
    gauge('bss_unrouted_messages', lost, [], () => {
      const count = unrouted()
      return count === undefined ? [] : [[[queue], count]]
    })
  }

  #registerState(): void {
    const { monitoring, services, lanes } = this.#deps
    readGauge(this.#named('bss_monitoring_enabled', 'Monitoring: 1 on, 0 off', []), () => [
      [[], monitoring.enabled ? 1 : 0],
    ])
    const health = this.#named('bss_service_health', 'Health: 1 good, 0 bad', [
      'service_name',
      'service_type',
    ])
    readGauge(health, () => services().map((of): Reading => [[of.name, of.type], of.healthy ? 1 : 0]))
    const perLane = (name: string, help: string, value: (lane: LaneNow) => number) =>
      readGauge(this.#named(name, help, ['message_type']), () =>
        lanes().map((lane): Reading => [[lane.type], value(lane)]),
      )
    perLane('bss_consumer_running', "Messages in the processor's hands", (lane) => lane.running)
    perLane('bss_consumer_concurrency_limit', 'The adaptive limit now', (lane) => lane.concurrencyLimit)
    const breaker = 'Circuit breaker: 0 closed, 1 half open, 2 open'
    perLane('bss_breaker_state', breaker, (lane) => BREAKER_VALUES[lane.breaker])
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/**
 * The conservation law, written out a second time on purpose: monitoring watches the queue and therefore does not
 * ask the queue's own code whether it is right. A test holds the two to each other.
 */
function unaccounted(of: StateCounts): number {
  const ended = of.done + of.rejected + of.dead + of.expired + of.deleted
  return of.accepted - (of.ready + of.inFlight + of.delayed + ended)
}
