/**
 * The lot of a pre-queue, checked in the visitor's own browser: the promise that it keeps from before the opening
 * against the secret revealed after it. The same computation as `src/waiting-room/lottery.ts`, for one number, with the
 * browser's own cryptography; a test holds the two together.
 */
import type { Draw } from './wire.ts'

/** Kept by this browser while its visitor was registered. */
export interface Promised {
  readonly event: string
  /** Whose: several may use one browser. */
  readonly user: string
  readonly number: number
  readonly commitment: string
}

export type LotVerdict =
  | { readonly kind: 'right'; readonly place: number; readonly of: number }
  | { readonly kind: 'wrong' }
  /** A page without cryptography: browsers give it to secure pages only. */
  | { readonly kind: 'unchecked' }
  /** The answer is from before the opening. */
  | { readonly kind: 'early' }
  /** There has been another pre-queue since: nothing can be said of this number any more. */
  | { readonly kind: 'past' }

/**
 * What is promised to this number, if the answer is of its own pre-queue: one that is half a second old may be of the
 * pre-queue before, or of none.
 */
export function promiseIn(draw: Draw | null, number: number): string | undefined {
  return draw && !draw.revealed && number >= draw.first ? draw.commitment : undefined
}

const ROUNDS = 4

type Subtle = Pick<typeof crypto.subtle, 'digest' | 'importKey' | 'sign'>

/** `ticket`: the one that the visitor has now. */
export async function checkLot(
  draw: Draw | null,
  promised: Promised,
  ticket: number,
  subtle: Subtle | undefined,
): Promise<LotVerdict> {
  if (!draw) return { kind: 'wrong' }
  if (promised.number < draw.first) return { kind: 'past' }
  if (!draw.revealed) return { kind: 'early' }
  if (!subtle) return { kind: 'unchecked' }
  const { commitment, first, count, root } = draw
  const { secret, beacon } = draw.revealed
  const index = promised.number - first
  if (commitment !== promised.commitment || index >= count) return { kind: 'wrong' }
  const digest = await subtle.digest('SHA-256', bytesOf(secret))
  if (hexOf(digest) !== commitment) return { kind: 'wrong' }
  const seed = await hmac(subtle, bytesOf(secret), `${count}:${root}:${beacon}`)
  const place = await placeOf(subtle, new Uint8Array(seed), index, count)
  return first + place === ticket ? { kind: 'right', place: place + 1, of: count } : { kind: 'wrong' }
}

/** Where the index goes: a Feistel network, walked until it falls into the range. */
async function placeOf(
  subtle: Subtle,
  seed: Uint8Array<ArrayBuffer>,
  index: number,
  size: number,
): Promise<number> {
  const width = 2 ** Math.max(1, Math.ceil(Math.log2(size) / 2))
  let value = index
  do {
    let left = Math.floor(value / width)
    let right = value % width
    for (let round = 0; round < ROUNDS; round++) {
      const mac = new DataView(await hmac(subtle, seed, `${round}:${right}`))
      const mix = mac.getUint32(0) % width
      ;[left, right] = [right, (left ^ mix) >>> 0]
    }
    value = left * width + right
  } while (value >= size)
  return value
}

async function hmac(subtle: Subtle, key: Uint8Array<ArrayBuffer>, text: string): Promise<ArrayBuffer> {
  const made = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return subtle.sign('HMAC', made, new TextEncoder().encode(text))
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  )
}

function hexOf(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
