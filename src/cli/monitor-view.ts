/** How a monitor looks: lines from what was seen and the size there is. Pure; what is not known is a dash. */
import type { QueueStatus, TypeStatus } from '../client/index.ts'
import { figuresOf, sumOf } from '../lab/index.ts'
import {
  type Cell,
  type Column,
  clip,
  fitted,
  flowed,
  harmless,
  type Paint,
  painter,
  sparkline,
} from './monitor-cells.ts'
import type { MonitorView, RoomView, Series } from './monitor-history.ts'
import { columns, count, duration } from './terminal.ts'

export interface MonitorSize {
  readonly columns: number
  /** All that there is when absent. */
  readonly rows?: number
  readonly colour: boolean
  /** The last line, of what keys do. */
  readonly footer?: string
}

const TREND = 12
/** More are shown by role. */
const MOST_PROCESSES = 12
/** Reasons of the scaler that ask for somebody. */
const ALARMS: readonly string[] = ['stalled', 'breaker_open', 'no_consumer']

type Member = NonNullable<QueueStatus['members']>[number]

/** No line is wider than the size, and there are no more than it has rows. */
export function monitorLines(view: MonitorView, size: MonitorSize): string[] {
  const paint = painter(size.colour)
  const { status } = view.look
  const width = size.columns
  const parts = [
    [headline(view, width, paint), ...awayLines(view, width, paint)],
    flowed(tiles(view), width, paint),
    status ? typeLines(status, view.series.types, width, paint) : [],
    processLines(status?.members ?? [], view.look.at, width, paint),
    view.rooms.flatMap((room) => roomLines(room, width, paint)),
    warnings(view, status).map((text) => paint(clip(text, width), 'bad')),
  ].filter((lines) => lines.length > 0)
  const lines = parts.flatMap((part, index) => (index === 0 ? part : ['', ...part]))
  return withinRows(lines, size, paint)
}

function withinRows(
  lines: readonly string[],
  { rows, columns: width, footer }: MonitorSize,
  paint: Paint,
): string[] {
  const last = footer === undefined ? [] : [paint(clip(footer, width), 'dim')]
  const room = (rows ?? Number.POSITIVE_INFINITY) - last.length
  if (lines.length + (last.length > 0 ? 1 : 0) <= room)
    return last.length > 0 ? [...lines, '', ...last] : [...lines]
  if (lines.length <= room) return [...lines, ...last]
  const hidden = lines.length - Math.max(0, room - 1)
  const more = paint(clip(`… ${hidden} more lines; make the window taller`, width), 'dim')
  return [...lines.slice(0, Math.max(0, room - 1)), more, ...last].slice(0, Math.max(1, rows ?? lines.length))
}

function headline({ url, look }: MonitorView, width: number, paint: Paint): string {
  const time = new Date(look.at).toTimeString().slice(0, 8)
  const { status } = look
  const engine = status?.engine === undefined ? '' : ` (${status.engine})`
  const queue = status === undefined ? '' : `${status.queue}${engine} `
  const text = clip(harmless(`weir ${queue}at ${url}`), Math.max(0, width - time.length - 2))
  const space = Math.max(0, width - columns(text) - time.length)
  return space > 0 ? `${paint(text, 'bold')}${' '.repeat(space)}${time}` : clip(time, width)
}

function awayLines({ look, awaySince }: MonitorView, width: number, paint: Paint): string[] {
  if (look.away === undefined) return []
  const since = duration(look.at - (awaySince ?? look.at))
  const text = `NO ANSWER${awaySince === look.at ? '' : ` for ${since}`}: ${look.away}; trying again`
  return [paint(clip(harmless(text), width), 'bad')]
}

function tiles({ look, series, cpu }: MonitorView): Cell[][] {
  const { status, metrics = [] } = look
  const figures = figuresOf(look)
  const rate = (value: number | undefined) => (value === undefined ? '-' : `${perSecond(value)}/s`)
  const drawn = (name: string, text: string, values: Series): Cell[] => [
    { text: `${name} ` },
    { text, style: 'bold' },
    { text: ` ${sparkline(values, TREND)}`, style: 'good' },
  ]
  const plain = (name: string, text: string, bad = false): Cell[] => [
    { text: `${name} ` },
    { text, style: bad ? 'bad' : 'bold' },
  ]
  const { dead, running, retries_total: retries, cpu_cores: cores, memory_bytes: bytes } = figures
  const waiting = status && status.depth.ready + status.depth.delayed
  const enabled = sumOf(metrics, 'bss_monitoring_enabled')
  return [
    drawn('in', rate(figures.in_per_s), series.in),
    drawn('out', rate(figures.out_per_s), series.out),
    drawn('waiting', known(waiting), series.waiting),
    plain('in work', known(running ?? figures.in_flight)),
    plain('oldest', duration(status?.oldestAgeMs)),
    plain('empty in', duration(status?.drainEtaMs)),
    plain('retries', known(retries)),
    plain('dead', known(dead), (dead ?? 0) > 0),
    plain('cpu', percent(status ? cores : cpu)),
    plain('memory', megabytes(bytes)),
    ...(enabled === 0 ? [plain('monitoring', 'off')] : []),
  ]
}

function typeLines(
  { types }: QueueStatus,
  series: ReadonlyMap<string, Series>,
  width: number,
  paint: Paint,
): string[] {
  const all = Object.entries(types)
  const column = (
    heading: string,
    rank: number,
    cell: (type: TypeStatus, name: string) => Cell | string,
  ): Column => ({
    heading,
    rank,
    cells: all.map(([name, type]) => {
      const made = cell(type, name)
      return typeof made === 'string' ? { text: made } : made
    }),
  })
  const bad = (text: string, isBad: boolean): Cell => (isBad ? { text, style: 'bad' } : { text })
  const names = column('type', 0, (_, name) => harmless(name))
  return fitted(
    [
      { ...names, left: true },
      column('ready', 0, ({ ready }) => count(ready)),
      {
        ...column('', 3, (_, name) => ({ text: sparkline(series.get(name) ?? [], TREND), style: 'good' })),
        left: true,
      },
      column('in/s', 2, (type) => perSecond(type.inPerSecond)),
      column('out/s', 1, (type) => perSecond(type.outPerSecond)),
      column('in work', 4, (type) => slotsText(type)),
      column('oldest', 5, (type) => duration(type.oldestAgeMs)),
      column('empty in', 2, (type) => duration(type.drainEtaMs)),
      column('delayed', 8, (type) => count(type.delayed)),
      column('dead', 3, (type) => bad(count(type.dead), type.dead > 0)),
      column('breaker', 6, ({ breaker = '-' }) => bad(breaker, breaker !== 'closed' && breaker !== '-')),
      column('workers', 6, ({ scaling }) => (scaling ? `${scaling.ready}/${scaling.wanted}` : '-')),
      {
        ...column('because', 7, ({ scaling }) =>
          bad(harmless(scaling?.reason ?? '-'), ALARMS.includes(scaling?.reason ?? '')),
        ),
        left: true,
      },
    ],
    width,
    paint,
  )
}

const slotsText = ({ running, concurrencyLimit }: TypeStatus): string =>
  running === undefined ? '-' : `${running}/${Math.floor(concurrencyLimit ?? 0)}`

/** Each process as it measured itself; where there are many, those of one role and its types together. */
function processLines(members: readonly Member[], now: number, width: number, paint: Paint): string[] {
  const groups = Object.values(
    Object.groupBy(members, ({ role, types }, index) =>
      members.length > MOST_PROCESSES ? `${role} ${types}` : `${index}`,
    ),
  )
  const all = groups.flatMap((group = []) => (group[0] ? [{ first: group[0], group }] : []))
  const shown = all.slice(0, MOST_PROCESSES)
  const column = (
    heading: string,
    rank: number,
    cell: (first: Member, group: readonly Member[]) => string,
    left = false,
  ): Column => ({
    heading,
    rank,
    cells: shown.map(({ first, group }) => ({ text: harmless(cell(first, group)) })),
    left,
  })
  if (shown.length === 0) return []
  const lines = fitted(
    [
      column('process', 0, ({ role }, { length }) => (length > 1 ? `${role} x${length}` : role), true),
      column('where', 3, ({ host, pid }, { length }) => (length > 1 ? '' : `${host}:${pid}`), true),
      column('types', 6, ({ types }) => types.join(',') || '-', true),
      column('in work', 4, (_, group) => known(sumOfAll(group.map(({ running }) => running)))),
      column('cpu', 0, (_, group) => percent(sumOfAll(group.map(({ cpu }) => cpu)))),
      column('memory', 1, (_, group) => megabytes(sumOfAll(group.map(({ memoryBytes }) => memoryBytes)))),
      column('up', 5, (_, group) => duration(Math.max(...group.map((one) => upMs(one, now))) || undefined)),
      column('', 2, (_, group) => drainingText(group), true),
    ],
    width,
    paint,
  )
  const more = all.length - shown.length
  return more > 0 ? [...lines, clip(`… and ${count(more)} more`, width)] : lines
}

/** 0 for a beginning that cannot be read, or is still to come by our clock. */
const upMs = ({ startedAt }: Member, now: number): number => Math.max(0, now - Date.parse(startedAt)) || 0

/** A sum that lacks a part would be taken for the whole. */
function sumOfAll(values: readonly (number | undefined)[]): number | undefined {
  let sum = 0
  for (const value of values) {
    if (value === undefined) return undefined
    sum += value
  }
  return sum
}

function drainingText(group: readonly Member[]): string {
  const draining = group.filter((one) => one.draining).length
  if (draining === 0) return ''
  return group.length > 1 ? `${draining} draining` : 'draining'
}

function roomLines(room: RoomView, width: number, paint: Paint): string[] {
  const { event, waiting, active, threshold, parked, admittedPerSecond } = room
  const rate = admittedPerSecond === undefined ? '-' : perSecond(admittedPerSecond)
  const plain = [
    `waiting ${count(waiting)}`,
    `inside ${known(active)}/${known(threshold)}`,
    `parked ${known(parked)}`,
    `let in ${rate}/s`,
  ]
  const name: Cell = { text: harmless(`room ${event}`), style: 'bold' }
  return flowed([[name], ...plain.map((text) => [{ text }])], width, paint)
}

function warnings({ look }: MonitorView, status: QueueStatus | undefined): string[] {
  const texts = (status?.unserved ?? []).map(
    (name) => `${harmless(name)}: messages wait, and no consumer is there`,
  )
  if ((status?.unrouted ?? 0) > 0)
    texts.push(`${count(status?.unrouted ?? 0)} messages of unknown types are kept apart`)
  if (look.withoutStatus !== undefined) texts.push(`without status: ${harmless(look.withoutStatus)}`)
  if (look.withoutMetrics !== undefined) texts.push(`without metrics: ${harmless(look.withoutMetrics)}`)
  return texts
}

const known = (value: number | undefined): string => (value === undefined ? '-' : count(value))
const perSecond = (value: number): string => (value >= 1000 ? count(Math.round(value)) : value.toFixed(1))
/** Of one core. */
const percent = (cores: number | undefined): string =>
  cores === undefined ? '-' : `${Math.round(cores * 100)} %`
const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : `${Math.round(bytes / 1e6)} MB`
