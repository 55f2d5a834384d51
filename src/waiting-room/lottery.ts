/**
 * The lottery of a pre-queue: everybody who registered before the opening gets a place by lot, and everybody can check
 * it afterwards.
 *
 *   before   commitment = SHA-256(secret) is published; each registration gets a number, and the list of numbers is
 *            bound by a hash chain (`root`), so that nobody can be slipped in or taken out later
 *   opening  seed = HMAC-SHA256(secret, count, root, beacon); the beacon is a public value that nobody knew while
 *            people registered (a drand round): without one the operator alone could choose among seeds
 *   after    secret and beacon are published; `verifyDraw` recomputes the whole order
 *
 * The order is a permutation of the numbers that is computed, not stored: a Feistel network of four rounds over an
 * even number of bits, walked until it falls into the range (Black and Rogaway, "Ciphers with Arbitrary Finite
 * Domains", 2002; four rounds: Luby and Rackoff, 1988). A million places cost 4,096 HMACs and no list.
 */
import { createHash, createHmac } from 'node:crypto'

/** Numbers from `first`, `count` of them, share out the tickets of that same range. */
export interface Draw {
  readonly commitment: string
  readonly first: number
  /** So far, or at the opening. */
  readonly count: number
  /** Hash chain over the registrations so far. */
  readonly root: string
  /** Only once drawn. */
  readonly revealed?: { readonly secret: string; readonly beacon: string }
}

const ROUNDS = 4
const SECRET = /^[0-9a-f]{64}$/
/** The chain before the first registration. */
export const EMPTY_ROOT = '0'.repeat(64)

/** 32 bytes as lower-case hex: anything shorter could be found by trying. */
export function isDrawSecret(secret: string): boolean {
  return SECRET.test(secret)
}

export function commitmentOf(secret: string): string {
  return createHash('sha256').update(secret, 'hex').digest('hex')
}

/** The chain after one more registration. */
export function chained(root: string, no: number, visitor: string): string {
  const leaf = createHash('sha256').update(`${no}:${visitor}`).digest()
  return createHash('sha256').update(root, 'hex').update(leaf).digest('hex')
}

/** A one-to-one mapping of 0 … size − 1 onto itself. */
export interface Permutation {
  /** Where the element goes. */
  at(index: number): number
  /** The element that goes there. */
  inverse(position: number): number
}

/** `size` from 1 to 2³². The same seed (hex) and size give the same permutation on every machine. */
export function permutation(seed: string, size: number): Permutation {
  const half = Math.max(1, Math.ceil(Math.log2(size) / 2))
  const width = 2 ** half
  const tables = Array.from({ length: ROUNDS }, (_, round) => {
    return Uint32Array.from({ length: width }, (_, right) => {
      const mac = createHmac('sha256', Buffer.from(seed, 'hex')).update(`${round}:${right}`).digest()
      return mac.readUInt32BE(0) % width
    })
  })
  const mix = (round: number, right: number): number => tables[round]?.[right] ?? 0
  const forth = (value: number): number => {
    let left = Math.floor(value / width)
    let right = value % width
    for (let round = 0; round < ROUNDS; round++) [left, right] = [right, (left ^ mix(round, right)) >>> 0]
    return left * width + right
  }
  const back = (value: number): number => {
    let left = Math.floor(value / width)
    let right = value % width
    for (let round = ROUNDS - 1; round >= 0; round--) [left, right] = [(right ^ mix(round, left)) >>> 0, left]
    return left * width + right
  }
  const walk = (step: (value: number) => number, from: number): number => {
    let value = step(from)
    while (value >= size) value = step(value)
    return value
  }
  return { at: (index) => walk(forth, index), inverse: (position) => walk(back, position) }
}

type Drawn = Draw & { readonly revealed: { readonly secret: string; readonly beacon: string } }

export function isDrawn(draw: Draw | undefined): draw is Drawn {
  return draw?.revealed !== undefined
}

/** The order of a drawn pre-queue, over indexes 0 … count − 1; number = first + index, ticket = first + position. */
export function drawnOrder(draw: Drawn): Permutation {
  const { secret, beacon } = draw.revealed
  const seed = createHmac('sha256', Buffer.from(secret, 'hex'))
    .update(`${draw.count}:${draw.root}:${beacon}`)
    .digest('hex')
  return permutation(seed, Math.max(1, draw.count))
}

export type DrawVerdict =
  /** `tickets[i]` belongs to the visitor with the number first + i. */
  { readonly ok: true; readonly tickets: readonly number[] } | { readonly ok: false; readonly fault: string }

export type NumberVerdict =
  | { readonly ok: true; readonly ticket: number }
  | { readonly ok: false; readonly fault: string }

/** What one number drew, from what everybody may read: enough for whoever knows his own, and needs no list. */
export function verifyNumber(draw: Draw, number: number): NumberVerdict {
  const { first, count } = draw
  if (!isDrawn(draw)) return { ok: false, fault: UNREVEALED }
  if (!isKept(draw)) return { ok: false, fault: NOT_KEPT }
  if (!Number.isSafeInteger(number) || number < first || number >= first + count)
    return { ok: false, fault: `number ${number} took no part: ${count} were drawn, from number ${first} on` }
  return { ok: true, ticket: first + drawnOrder(draw).at(number - first) }
}

const UNREVEALED = 'the secret has not been revealed'
const NOT_KEPT = 'the secret is not the one that was committed to'

/** The secret is the one that was promised. */
function isKept({ commitment, revealed: { secret } }: Drawn): boolean {
  return isDrawSecret(secret) && commitmentOf(secret) === commitment
}

/** Recomputes a draw from what was published and from the visitors in the order of their numbers. */
export function verifyDraw(draw: Draw, visitors: readonly string[]): DrawVerdict {
  if (!isDrawn(draw)) return { ok: false, fault: UNREVEALED }
  if (!isKept(draw)) return { ok: false, fault: NOT_KEPT }
  if (visitors.length !== draw.count) {
    return { ok: false, fault: `${visitors.length} registrations, ${draw.count} were drawn` }
  }
  const root = visitors.reduce((chain, visitor, i) => chained(chain, draw.first + i, visitor), EMPTY_ROOT)
  if (root !== draw.root)
    return { ok: false, fault: 'the list of registrations is not the one that was drawn' }
  const order = drawnOrder(draw)
  return { ok: true, tickets: visitors.map((_, i) => draw.first + order.at(i)) }
}
