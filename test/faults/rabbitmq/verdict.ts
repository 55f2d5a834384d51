/**
 * What came out, from the places where it lies: marks and documents of the effect store, dead letters in the broker,
 * records in the ledger; and the auditor's verdict on all of it together with what the publishers were told.
 *
 * Each message names a line of its own, and every effect is one write of that line: its version is the number of times
 * that the effect happened (Q7). A refusal of the business has a mark and no write.
 */
import assert from 'node:assert/strict'
import { connect } from 'amqplib'
import { realClock } from '../../../src/app/index.ts'
import { isOpen, type Line } from '../../../src/bss/line.ts'
import { type JsonObject, silentLogger } from '../../../src/core/index.ts'
import { namesOf } from '../../../src/engines/rabbitmq/names.ts'
import { type Copy, decode } from '../../../src/engines/rabbitmq/wire.ts'
import { RedisEffects, RedisLedger } from '../../../src/engines/redis/index.ts'
import { Auditor, type AuditVerdict } from '../../../src/lab/index.ts'
import { unaccounted } from '../../../src/queue/index.ts'
import type { Line as JournalLine } from './journal.ts'
import { CUSTOMER_IDS } from './publisher.ts'
import { RETENTION_MS } from './settings.ts'

export interface Place {
  readonly url: string
  readonly redisUrl: string
  readonly queueName: string
  readonly ledger: boolean
}

export interface Findings {
  readonly verdict: AuditVerdict
  readonly handOuts: number
  /** Distinct ids that were handed out. */
  readonly messages: number
  /** Hand-outs that found the effect done. */
  readonly repeats: number
  readonly deadLetters: readonly Copy[]
  /** Refs that were refused before anything was sent, each time, and are there all the same. */
  readonly refusedAndOut: readonly string[]
  /** What the ledger, where there is one, believes to be under way. */
  readonly openInTheBook: readonly string[]
}

const AT_ONCE = 500
/** Whoever only looks has time for a Redis that stands still. */
const PATIENCE_MS = 30_000
const ENDED: readonly (string | undefined)[] = ['done', 'rejected', 'dead']

export async function judge(place: Place & { readonly lines: readonly JournalLine[] }): Promise<Findings> {
  const { lines } = place
  const handed = lines.filter((line) => line.kind === 'handed')
  const deadLetters = await lettersIn(place.url, namesOf(place.queueName).dead)
  const refs = refsById(lines)
  const { ends, writes } = await inTheStore(place, refs)
  const auditor = new Auditor({ effects: true })
  const told = tellTheJournal(auditor, lines)
  for (const [ref, { id, count }] of writes) {
    for (let i = told.get(ref) ?? 0; i < count; i++) auditor.observe({ kind: 'effect', id, ref })
  }
  for (const [id, state] of ends) auditor.observe({ kind: 'ended', id, ref: refs.get(id) ?? id, state })
  for (const { message } of deadLetters) {
    auditor.observe({ kind: 'ended', id: message.id, ref: refs.get(message.id) ?? message.id, state: 'dead' })
  }
  const out = new Set([...ends.keys(), ...deadLetters.map(({ message }) => message.id)])
  return {
    verdict: auditor.verdict(),
    handOuts: handed.length,
    messages: new Set(handed.map(({ id }) => id)).size,
    repeats: lines.filter(({ kind }) => kind === 'already').length,
    deadLetters,
    refusedAndOut: refusedAtTheDoor(lines, new Set([...out].map((id) => refs.get(id) ?? id))),
    openInTheBook: place.ledger ? await openInTheBook(place, [...out]) : [],
  }
}

/** Every id that a message was published under, or came out under. */
function refsById(lines: readonly JournalLine[]): Map<string, string> {
  const refs = new Map<string, string>()
  for (const line of lines)
    if (line.kind === 'attempted' || line.kind === 'handed') refs.set(line.id, line.ref)
  return refs
}

/** In the order in which it was written; answers how many effects of each ref were told. */
function tellTheJournal(auditor: Auditor, lines: readonly JournalLine[]): Map<string, number> {
  const effects = new Map<string, number>()
  /** Nobody has written that he did it: he was killed before he could, or is about to write. */
  const presumed = new Set<string>()
  for (const line of lines) {
    switch (line.kind) {
      case 'attempted':
      case 'acknowledged':
      case 'refused':
        auditor.observe(line)
        break
      case 'applied':
      case 'already': {
        const before = effects.get(line.ref) ?? 0
        if (line.kind === 'already' ? before > 0 : presumed.delete(line.ref)) break
        if (line.kind === 'already') presumed.add(line.ref)
        auditor.observe({ kind: 'effect', id: line.id, ref: line.ref })
        effects.set(line.ref, before + 1)
      }
    }
  }
  return effects
}

async function inTheStore(place: Place, refs: ReadonlyMap<string, string>) {
  const effects = new RedisEffects(storeOf(place))
  await effects.start()
  try {
    const ends = await marks(effects, [...refs.keys()])
    return { ends, writes: await writesOf(effects, [...new Set(refs.values())]) }
  } finally {
    await effects.stop()
  }
}

/** How each id ended, by the mark of its effect. */
async function marks(
  effects: RedisEffects,
  all: readonly string[],
): Promise<Map<string, 'done' | 'rejected'>> {
  const ends = new Map<string, 'done' | 'rejected'>()
  for (const ids of inParts(all)) {
    const found = await Promise.all(ids.map((id) => effects.applied(id)))
    for (const [i, mark] of found.entries()) {
      if (mark) ends.set(ids[i] ?? '', (mark.result as JsonObject).reason ? 'rejected' : 'done')
    }
  }
  return ends
}

/** How often the line of each ref was written, and by which id last. */
async function writesOf(effects: RedisEffects, all: readonly string[]) {
  const writes = new Map<string, { readonly id: string; readonly count: number }>()
  const openLines = new Map<string, number>()
  for (const refs of inParts(all)) {
    const documents = await effects.read(refs.map((ref) => `bss/line/${ref}`))
    for (const found of documents) {
      if (!found) continue
      const line = found.value as unknown as Line
      writes.set(line.number, { id: line.changedBy, count: found.version })
      if (line.customer === null || !isOpen(line)) continue
      openLines.set(line.customer, (openLines.get(line.customer) ?? 0) + 1)
    }
  }
  await assertCustomersAddUp(effects, openLines)
  return writes
}

/** Customers are changed by many messages at once: a lost or doubled effect shows in their counts as well. */
async function assertCustomersAddUp(
  effects: RedisEffects,
  openLines: ReadonlyMap<string, number>,
): Promise<void> {
  const documents = await effects.read(CUSTOMER_IDS.map((customer) => `bss/customer/${customer}`))
  for (const [i, customer] of CUSTOMER_IDS.entries()) {
    const told = (documents[i]?.value as JsonObject | undefined)?.openLines ?? 0
    assert.equal(told, openLines.get(customer) ?? 0, `open lines of customer ${customer}`)
  }
}

/** Every message that has ended is ended there too, and nothing else is under way. */
async function openInTheBook(place: Place, ids: readonly string[]): Promise<string[]> {
  const ledger = new RedisLedger(storeOf(place))
  await ledger.start()
  try {
    const open: string[] = []
    for (const part of inParts(ids)) {
      const records = await Promise.all(part.map((id) => ledger.find(id)))
      for (const [i, record] of records.entries()) {
        if (!ENDED.includes(record?.state)) open.push(`${part[i]}: ${JSON.stringify(record)}`)
      }
    }
    for (const [type, counts] of ledger.counts()) {
      const { ready, inFlight, delayed } = counts
      const isOpen = unaccounted(counts) !== 0 || ready + inFlight + delayed > 0
      if (isOpen) open.push(`${type}: ${JSON.stringify(counts)}`)
    }
    return open
  } finally {
    await ledger.stop()
  }
}

/** All messages of a queue, which keeps them. */
export async function lettersIn(url: string, queue: string): Promise<Copy[]> {
  const connection = await connect(url)
  try {
    const channel = await connection.createChannel()
    const letters: Copy[] = []
    for (;;) {
      const raw = await channel.get(queue, { noAck: false })
      if (raw === false) break
      const decoded = decode(raw, realClock.now())
      if (decoded.kind === 'copy') letters.push(decoded.copy)
    }
    await channel.close()
    return letters
  } finally {
    await connection.close()
  }
}

function refusedAtTheDoor(lines: readonly JournalLine[], out: ReadonlySet<string>): string[] {
  const refs = new Map<string, boolean>()
  for (const line of lines) {
    if (line.kind === 'attempted') refs.set(line.ref, refs.get(line.ref) ?? true)
    if (line.kind === 'acknowledged' || (line.kind === 'refused' && line.sent)) refs.set(line.ref, false)
  }
  return [...refs].filter(([ref, onlyDoor]) => onlyDoor && out.has(ref)).map(([ref]) => ref)
}

function storeOf({ redisUrl, queueName }: Place) {
  const base = { url: redisUrl, queueName, retentionMs: RETENTION_MS, callLimitMs: PATIENCE_MS }
  return { ...base, clock: realClock, random: Math.random, logger: silentLogger }
}

function inParts<T>(all: readonly T[]): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < all.length; i += AT_ONCE) parts.push(all.slice(i, i + AT_ONCE))
  return parts
}
