/**
 * The waiting room in Prometheus text. States are those of the processor's last look at the line (at most a second
 * old), waits are tallied as visitors are called. Owns two registries: one of the room, and one of what every process
 * tells about itself (switch, health, cost), which another registry of the same process may tell already.
 *
 * What is of the line (lengths, admissions) is the same in every process on one line: take the maximum. What is of the
 * process (waits, sockets, places above the threshold) adds up.
 */
import { Registry } from 'prom-client'
import type { Clock } from '../core/index.ts'
import type { Called, DoorSettings, LineCounts } from '../waiting-room/index.ts'
import type { ProcessFigures, ProcessProbe } from './probe.ts'
import { registerProcess } from './process-metrics.ts'
import { type Reading, readCounter, readGauge, TalliedHistogram } from './tallied.ts'

export interface RoomEventNow {
  readonly event: string
  readonly counts: LineCounts
  readonly door: DoorSettings
}

export interface RoomMetricsDeps {
  readonly monitoring: { readonly enabled: boolean }
  /** Open in this process. */
  readonly sockets: () => number
  /** Whether the room can do its work. */
  readonly healthy: () => boolean
  readonly probe: Pick<ProcessProbe, 'read'>
  readonly clock: Pick<Clock, 'now'>
}

/** Events by name; anybody may be allowed to make events, and a label of the world's must not grow us. */
export const EVENT_LABELS = 50
const OTHERS = '_others'
/** A wait is from seconds to hours. */
const WAIT_BUCKETS = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200] as const
/** What remains while monitoring is off. */
const ALWAYS = ['bss_monitoring_enabled', 'bss_service_health'] as const

type Figures = Record<'waiting' | 'registered' | 'parked' | 'ready' | 'admitted' | 'cap', number> &
  Record<'entered' | 'departed' | 'missed' | 'unaccounted', number>

export class RoomMetrics {
  readonly #deps: RoomMetricsDeps
  readonly #registry = new Registry()
  readonly #own = new Registry()
  #figures: ProcessFigures | undefined
  readonly #waits: TalliedHistogram
  readonly #named = new Set<string>()
  #now = new Map<string, Figures>()
  /** Of each event, the cap or those inside at the last look: whoever was in before a cap was lowered may stay. */
  #seen = new Map<string, number>()
  #over = 0

  constructor(deps: RoomMetricsDeps) {
    this.#deps = deps
    const help = 'From entering the line to being called, of visitors who waited'
    this.#waits = new TalliedHistogram(this.#of('bss_room_wait_seconds', help, ['event']), WAIT_BUCKETS)
    this.#registerLine()
    this.#registerProcess()
  }

  /** Hears the processor's look at all events. Over-admission is measured here, also while monitoring is off. */
  readonly sample = (events: readonly RoomEventNow[]): void => {
    const now = new Map<string, Figures>()
    const seen = new Map<string, number>()
    for (const { event, counts, door } of events) {
      const inside = counts.ready + counts.admitted
      const before = this.#seen.get(event)
      // The first look has nothing to compare with: the cap may have been lowered before this process started.
      if (before !== undefined) this.#over += Math.max(0, inside - Math.max(door.cap, before))
      seen.set(event, Math.max(door.cap, inside))
      add(now, this.#label(event), figuresOf(counts, door))
    }
    this.#now = now
    this.#seen = seen
  }

  /** Hears whom this process called. */
  readonly called = (event: string, called: readonly Called[]): void => {
    if (!this.#deps.monitoring.enabled) return
    const now = this.#deps.clock.now()
    const waits = this.#waits.child(this.#label(event))
    for (const { enteredAt } of called) waits.observe(Math.max(0, now - enteredAt) / 1000)
  }

  /** Everything; of all but switch and health empty while monitoring is off. */
  async text(): Promise<{ contentType: string; body: string }> {
    const { contentType } = this.#own
    if (this.#deps.monitoring.enabled) {
      this.#figures = this.#deps.probe.read()
      return { contentType, body: `${await this.#own.metrics()}${await this.roomText()}` }
    }
    const parts = await Promise.all(ALWAYS.map((name) => this.#own.getSingleMetricAsString(name)))
    return { contentType, body: parts.map((part) => `${part}\n`).join('') }
  }

  /** The room alone, beside another registry of this process; empty while monitoring is off. */
  async roomText(): Promise<string> {
    return this.#deps.monitoring.enabled ? this.#registry.metrics() : ''
  }

  #registerLine(): void {
    const gauge = (name: string, help: string, value: (of: Figures) => number) =>
      readGauge(this.#of(name, help, ['event']), () => this.#each(value))
    gauge('bss_room_waiting', 'Visitors in the line', (of) => of.waiting)
    gauge('bss_room_registered', 'Registered for a draw', (of) => of.registered)
    gauge('bss_room_parked', 'Absent when called; they keep their tickets', (of) => of.parked)
    gauge('bss_room_ready', 'Called and not yet inside', (of) => of.ready)
    gauge('bss_room_active', 'Places taken: called and inside', (of) => of.ready + of.admitted)
    gauge('bss_room_threshold', 'Places in all', (of) => of.cap)
    const law = 'Entered minus everybody known; anything but 0 is a loss'
    gauge('bss_room_unaccounted_visitors', law, (of) => of.unaccounted)
    const counter = (name: string, help: string, value: (of: Figures) => number) =>
      readCounter(this.#of(name, help, ['event']), () => this.#each(value))
    counter('bss_room_entered_total', 'Visitors who entered', (of) => of.entered)
    counter('bss_room_admissions_total', 'Visitors who were called or went straight in', (of) => of.departed)
    counter('bss_room_parked_total', 'Passed over because they were absent', (of) => of.missed)
  }

  #registerProcess(): void {
    const { sockets, healthy, monitoring } = this.#deps
    readGauge(this.#of('bss_room_sockets', 'Open sockets of this process', []), () => [[[], sockets()]])
    const over = 'Places seen taken above the threshold; anything but 0 is a fault'
    readCounter(this.#of('bss_room_over_admissions_total', over, []), () => [[[], this.#over]])
    const own = (name: string, help: string, labels: readonly string[]) => ({
      ...this.#of(name, help, labels),
      registry: this.#own,
    })
    readGauge(own('bss_monitoring_enabled', 'Monitoring: 1 on, 0 off', []), () => [
      [[], monitoring.enabled ? 1 : 0],
    ])
    const health = own('bss_service_health', 'Health: 1 good, 0 bad', ['service_name', 'service_type'])
    readGauge(health, () => [[['waiting-room', 'room'], healthy() ? 1 : 0]])
    registerProcess(this.#own, () => this.#figures)
  }

  #each(value: (of: Figures) => number): Reading[] {
    return [...this.#now].map(([event, figures]): Reading => [[event], value(figures)])
  }

  /** The first events that were seen keep their names; the others share one. */
  #label(event: string): string {
    if (this.#named.has(event)) return event
    if (this.#named.size >= EVENT_LABELS) return OTHERS
    this.#named.add(event)
    return event
  }

  #of(name: string, help: string, labels: readonly string[]) {
    return { registry: this.#registry, name, help, labels }
  }
}

function figuresOf(counts: LineCounts, { cap }: DoorSettings): Figures {
  const { waiting, registered, parked, ready, admitted, entered, departed, missed } = counts
  // The conservation law, written out a second time on purpose: who watches does not ask who is watched.
  const { left, done, expired, cleared } = counts
  const known = registered + waiting + parked + ready + admitted + left + done + expired + cleared
  return {
    waiting,
    registered,
    parked,
    ready,
    admitted,
    cap,
    entered,
    departed,
    missed,
    unaccounted: entered - known,
  }
}

function add(all: Map<string, Figures>, label: string, figures: Figures): void {
  const known = all.get(label)
  if (!known) return void all.set(label, figures)
  for (const name of Object.keys(figures) as (keyof Figures)[]) known[name] += figures[name]
}
