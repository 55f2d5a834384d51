/** What a monitor remembers between looks: short series to draw, and what counters grew by. Bounded. */
import { type Look, type MetricSample, processStart, sumOf } from '../lab/index.ts'

/** As many looks as a drawing can show. */
const MOST_POINTS = 120
/** A service with more events is looked at on its own page. */
const MOST_EVENTS = 20
const MOST_TYPES = 500

/** Oldest first; undefined where the service was away. */
export type Series = readonly (number | undefined)[]

export interface RoomView {
  readonly event: string
  readonly waiting: number
  readonly active: number | undefined
  readonly threshold: number | undefined
  readonly parked: number | undefined
  /** Since the look before; undefined at the first one and when the process began anew. */
  readonly admittedPerSecond: number | undefined
}

export interface MonitorView {
  readonly url: string
  readonly look: Look
  /** Since when there has been no answer. */
  readonly awaySince: number | undefined
  readonly series: {
    readonly in: Series
    readonly out: Series
    readonly waiting: Series
    readonly types: ReadonlyMap<string, Series>
  }
  readonly rooms: readonly RoomView[]
  /** Cores used by the process that was asked, since the look before; for one that tells no status of all processes. */
  readonly cpu: number | undefined
}

export class MonitorHistory {
  readonly #url: string
  readonly #series = new Map<string, (number | undefined)[]>()
  #looks = 0
  #awaySince: number | undefined
  /** As the look before told it, by the same process. */
  #cpu: { readonly at: number; readonly seconds: number } | undefined
  #admitted: { readonly at: number; readonly byEvent: ReadonlyMap<string, number> } | undefined
  #start: number | undefined

  constructor(url: string) {
    this.#url = url
  }

  /** Takes the newest look and gives what there is to show. */
  add(look: Look): MonitorView {
    const { status, away, at, metrics = [] } = look
    this.#forgetOtherProcess(metrics)
    this.#awaySince = away === undefined ? undefined : (this.#awaySince ?? at)
    const types = Object.entries(status?.types ?? {}).slice(0, MOST_TYPES)
    const points = new Map<string, number | undefined>([
      ['in', status?.inPerSecond],
      ['out', status?.outPerSecond],
      ['waiting', status && status.depth.ready + status.depth.delayed],
      ...types.map(([name, type]): [string, number] => [`type ${name}`, type.ready]),
    ])
    this.#push(points)
    const byType = types.map(([name]): [string, Series] => [name, this.#of(`type ${name}`)])
    return {
      url: this.#url,
      look,
      awaySince: this.#awaySince,
      series: {
        in: this.#of('in'),
        out: this.#of('out'),
        waiting: this.#of('waiting'),
        types: new Map(byType),
      },
      rooms: this.#rooms(at, metrics),
      cpu: this.#cores(at, sumOf(metrics, 'bss_process_cpu_seconds_total')),
    }
  }

  #forgetOtherProcess(metrics: readonly MetricSample[]): void {
    const start = processStart(metrics)
    if (start === undefined || start === this.#start) return
    this.#start = start
    this.#cpu = undefined
    this.#admitted = undefined
  }

  #cores(at: number, seconds: number | undefined): number | undefined {
    const before = this.#cpu
    this.#cpu = seconds === undefined ? undefined : { at, seconds }
    // Less than before: another process.
    if (before === undefined || seconds === undefined || seconds < before.seconds || at <= before.at)
      return undefined
    return ((seconds - before.seconds) * 1000) / (at - before.at)
  }

  #of(name: string): Series {
    return this.#series.get(name) ?? []
  }

  /** All series are of the same looks: one that was not told has a hole there. */
  #push(points: ReadonlyMap<string, number | undefined>): void {
    for (const name of points.keys()) {
      if (!this.#series.has(name)) this.#series.set(name, new Array(this.#looks).fill(undefined))
    }
    this.#looks = Math.min(MOST_POINTS, this.#looks + 1)
    for (const [name, series] of this.#series) {
      series.push(points.get(name))
      if (series.length > MOST_POINTS) series.shift()
      // A type that is not there any more.
      if (series.every((value) => value === undefined) && !points.has(name)) this.#series.delete(name)
    }
  }

  #rooms(at: number, metrics: readonly MetricSample[]): RoomView[] {
    const lines = metrics.filter(({ name }) => name === 'bss_room_waiting').slice(0, MOST_EVENTS)
    const admitted = new Map<string, number>()
    const rooms = lines.map(({ labels, value }): RoomView => {
      const { event = '' } = labels
      const of = (name: string) => sumOf(metrics, name, labels)
      const total = of('bss_room_admissions_total')
      if (total !== undefined) admitted.set(event, total)
      const before = this.#admitted?.byEvent.get(event)
      const seconds = (at - (this.#admitted?.at ?? at)) / 1000
      const isKnown = total !== undefined && before !== undefined && total >= before && seconds > 0
      return {
        event,
        waiting: value,
        active: of('bss_room_active'),
        threshold: of('bss_room_threshold'),
        parked: of('bss_room_parked'),
        admittedPerSecond: isKnown ? (total - before) / seconds : undefined,
      }
    })
    if (lines.length > 0) this.#admitted = { at, byEvent: admitted }
    return rooms
  }
}
