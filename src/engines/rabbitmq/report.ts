/**
 * What a process tells the others once a second, and how it is read. The exchange is open to everybody who may use the
 * broker, so nothing that arrives is believed unseen: wrong shape, wrong size, no report.
 */
import { LIMITS } from '../../core/index.ts'
import type { MemberDetails, MemberLane } from '../../queue/index.ts'
import type { Tallies, Tally } from './tallies.ts'

export interface Report {
  readonly id: string
  readonly pid: number
  readonly host: string
  readonly startedAt: number
  readonly details: MemberDetails
  readonly tallies: Tallies
  /** Its last word. */
  readonly leaving: boolean
}

/** A few hundred bytes per type; beyond this it is not one of ours. */
export const REPORT_BYTES = 256 * 1024
/** So that a changed shape is not misread by processes of another version; they ignore each other's reports. */
const VERSION = 1
const ROLES: readonly string[] = ['all', 'gateway', 'consumer'] satisfies MemberDetails['role'][]
const BREAKERS: readonly string[] = ['closed', 'open', 'half_open'] satisfies MemberLane['breaker'][]

/** Undefined when it would be too large to be read. */
export function encodeReport(report: Report): Buffer | undefined {
  const body = Buffer.from(JSON.stringify({ v: VERSION, ...report }))
  return body.length > REPORT_BYTES ? undefined : body
}

export function decodeReport(body: Buffer): Report | undefined {
  if (body.length > REPORT_BYTES) return undefined
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
  if (!isObject(value) || value.v !== VERSION) return undefined
  const { id, pid, host, startedAt, leaving } = value
  if (!isName(id) || !isName(host) || !isNumber(pid) || !isNumber(startedAt)) return undefined
  const details = detailsOf(value.details)
  const tallies = talliesOf(value.tallies)
  if (!details || !tallies) return undefined
  return { id, pid, host, startedAt, details, tallies, leaving: leaving === true }
}

function detailsOf(value: unknown): MemberDetails | undefined {
  if (!isObject(value)) return undefined
  const { role, lanes, cpu, memoryBytes, draining } = value
  if (!ROLES.includes(role as string) || !Array.isArray(lanes) || lanes.length > LIMITS.pageSize)
    return undefined
  const read = lanes.map(laneOf)
  if (!read.every((lane) => lane !== undefined)) return undefined
  return {
    role: role as MemberDetails['role'],
    lanes: read,
    ...(isNumber(cpu) && { cpu }),
    ...(isNumber(memoryBytes) && { memoryBytes }),
    draining: draining === true,
  }
}

function laneOf(value: unknown): MemberLane | undefined {
  if (!isObject(value)) return undefined
  const { type, slots, running, serviceMs, breaker, oldestReadyAt } = value
  if (!isName(type) || !isNumber(slots) || !isNumber(running) || !BREAKERS.includes(breaker as string)) {
    return undefined
  }
  return {
    type,
    slots,
    running,
    ...(isNumber(serviceMs) && { serviceMs }),
    breaker: breaker as MemberLane['breaker'],
    ...(isNumber(oldestReadyAt) && { oldestReadyAt }),
  }
}

function talliesOf(value: unknown): Tallies | undefined {
  if (!isObject(value)) return undefined
  const entries = Object.entries(value)
  if (entries.length > LIMITS.pageSize || !entries.every(([, tally]) => isTally(tally))) return undefined
  return Object.fromEntries(entries) as Tallies
}

function isTally(value: unknown): value is Tally {
  return isObject(value) && Object.values(value).every(isNumber)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LIMITS.keyLength
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
