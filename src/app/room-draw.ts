/** The draw of a pre-queue, checked by anybody from what was published. */
import { type Draw, type NumberVerdict, verifyDraw, verifyNumber } from '../waiting-room/index.ts'

/** As `weir room verify --out` writes it and `--file` reads it. */
export interface DrawRecord {
  readonly eventId: string
  readonly draw: Draw
  /** In the order of their numbers, from `draw.first` on. */
  readonly visitors: readonly string[]
  /** The tickets that visitors had afterwards, as far as the room's audit trail names them. */
  readonly held?: Readonly<Record<string, number>>
}

export type DrawCheck =
  | {
      readonly ok: true
      readonly eventId: string
      readonly count: number
      readonly tickets: ReadonlyMap<string, number>
    }
  | { readonly ok: false; readonly fault: string }

/** `value`: of any shape, as it was read from a file. */
export function checkDraw(value: unknown): DrawCheck {
  const { eventId, draw, visitors, held = {} } = (value ?? {}) as Partial<Record<keyof DrawRecord, unknown>>
  if (typeof eventId !== 'string') return { ok: false, fault: 'no record of a draw: eventId is missing' }
  if (!isDraw(draw)) return { ok: false, fault: 'no record of a draw: draw is missing, or not whole' }
  if (!Array.isArray(visitors) || !visitors.every((visitor) => typeof visitor === 'string'))
    return { ok: false, fault: 'no record of a draw: visitors must be a list of texts' }
  if (typeof held !== 'object' || held === null)
    return { ok: false, fault: 'no record of a draw: held must be tickets by visitor' }
  const verdict = verifyDraw(draw, visitors)
  if (!verdict.ok) return verdict
  const tickets = new Map(visitors.map((visitor, i): [string, number] => [visitor, verdict.tickets[i] ?? 0]))
  for (const [visitor, ticket] of Object.entries(held)) {
    const drawn = tickets.get(visitor)
    if (drawn === ticket) continue
    return { ok: false, fault: `${visitor} was given ticket ${ticket} and drew ${drawn ?? 'none'}` }
  }
  return { ok: true, eventId, count: visitors.length, tickets }
}

/** What one number drew, by what everybody may read; `promise`: the commitment as it was seen before. */
export function checkNumber(draw: unknown, number: number, promise: string | undefined): NumberVerdict {
  if (!isDraw(draw)) return { ok: false, fault: 'there is no draw' }
  if (promise !== undefined && promise !== draw.commitment)
    return { ok: false, fault: `what was promised is not ${promise} but ${draw.commitment}` }
  return verifyNumber(draw, number)
}

function isDraw(value: unknown): value is Draw {
  if (typeof value !== 'object' || value === null) return false
  const { commitment, first, count, root, revealed } = value as Partial<Record<keyof Draw, unknown>>
  const isText = (text: unknown) => typeof text === 'string'
  const isWhole = (number: unknown) => Number.isSafeInteger(number) && (number as number) >= 0
  if (!isText(commitment) || !isText(root) || !isWhole(first) || !isWhole(count)) return false
  const { secret, beacon } = (revealed ?? { secret: '', beacon: '' }) as {
    secret?: unknown
    beacon?: unknown
  }
  return isText(secret) && isText(beacon)
}
