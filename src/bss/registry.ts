/**
 * The subscriber registry in documents: one for each line, and one for each customer with the number of
 * lines that are open for him. Both change in one step with the mark of the message (Q7), so the counts are
 * always the lines' own.
 */
import type { DocumentWrite, EffectStore, JsonObject, JsonValue, StoredDocument } from '../core/index.ts'
import { isOpen, type Line, lineFrom } from './line.ts'

export type LineReader = Pick<EffectStore, 'read'>

/** A line with the version that a write must name. */
export interface ReadLine {
  readonly version: number
  readonly line?: Line
}

/** The key of a line's document. */
export function lineKey(number: string): string {
  return `bss/line/${number}`
}

/** The key of a customer's document. */
export function customerKey(customer: string): string {
  return `bss/customer/${customer}`
}

/** The line of this number; version 0 and no line when the registry has never seen it. */
export async function readLine(store: LineReader, number: string): Promise<ReadLine> {
  const [document] = await store.read([lineKey(number)])
  return document ? { version: document.version, line: lineFrom(document.value) } : { version: 0 }
}

/** How many lines are open for a customer. */
export async function openLines(store: LineReader, customer: string): Promise<number> {
  const [document] = await store.read([customerKey(customer)])
  return countOf(document)
}

/** The writes that bring the registry from `before` to `after`. */
export async function writesFor(store: LineReader, before: ReadLine, after: Line): Promise<DocumentWrite[]> {
  const line = {
    key: lineKey(after.number),
    expectedVersion: before.version,
    value: { ...after } as JsonValue,
  }
  const counted = changedCounts(before.line, after)
  if (counted.size === 0) return [line]
  const customers = [...counted]
  const documents = await store.read(customers.map(([customer]) => customerKey(customer)))
  const counts = customers.map(([customer, change], i): DocumentWrite => {
    const document = documents[i]
    return {
      key: customerKey(customer),
      expectedVersion: document?.version ?? 0,
      // Below zero only when the line has changed since it was read, and then its version refuses the whole
      // step.
      value: { customer, openLines: countOf(document) + change },
    }
  })
  return [line, ...counts]
}

/**
 * Customer → change of his open lines; those whose count stays are not in it, so that they are not
 * contended for.
 */
function changedCounts(before: Line | undefined, after: Line): Map<string, number> {
  const changes = new Map<string, number>()
  const add = (line: Line | undefined, by: number) => {
    if (!line || line.customer === null || !isOpen(line)) return
    changes.set(line.customer, (changes.get(line.customer) ?? 0) + by)
  }
  add(before, -1)
  add(after, 1)
  for (const [customer, change] of changes) if (change === 0) changes.delete(customer)
  return changes
}

function countOf(document: StoredDocument | undefined): number {
  if (!document) return 0
  const { openLines: count } = document.value as JsonObject
  if (typeof count !== 'number') throw new Error('a stored customer of the subscriber registry is not one')
  return count
}
