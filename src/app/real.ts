/** Time, chance and ids for real: the only place where they come from the machine. */
import { randomFillSync } from 'node:crypto'
import type { Clock, Random } from '../core/index.ts'

/** setTimeout fires at once for delays beyond 31 bits, so a longer one is waited for in pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1
/** A timer later than this shows that the process stood still. */
const STOOD_STILL_MS = 50

/**
 * Wall-clock at start plus the monotonic clock: an adjusted system clock neither stalls nor rushes the pace.
 *
 * After a standstill the loop runs its timers before it reads its sockets. A limit would take an answer that has been
 * there all along for none, and give a healthy connection up; so a timer that is late lets the sockets go first.
 */
export const realClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  after(delayMs, run) {
    const due = performance.now() + delayMs
    let timer: NodeJS.Timeout
    let late: NodeJS.Immediate | undefined
    const arm = () => {
      const left = due - performance.now()
      // Timers may fire a fraction early; the port promises "not before".
      if (left > 0) timer = setTimeout(arm, Math.min(Math.ceil(left), LONGEST_TIMEOUT_MS))
      else if (left > -STOOD_STILL_MS) run()
      else late = setImmediate(run)
    }
    timer = setTimeout(arm, Math.min(Math.ceil(Math.max(0, delayMs)), LONGEST_TIMEOUT_MS))
    return () => {
      clearTimeout(timer)
      clearImmediate(late)
    }
  },
}

export const realRandom: Random = Math.random

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const COUNTER_LIMIT = 0x1000

/**
 * Makes UUIDv7 (RFC 9562, method 1): 48 bits of milliseconds, a 12-bit counter, 62 random bits. Sorted by making
 * within this process; random bytes are drawn in blocks, because one system call per id would show in the ingest rate.
 */
export function idMaker(clock: Pick<Clock, 'now'>): () => string {
  const pool = new Uint8Array(8 * 512)
  let offset = pool.length
  let lastMs = 0
  let counter = 0
  return () => {
    const now = clock.now()
    if (now > lastMs) {
      lastMs = now
      counter = 0
    } else if (++counter === COUNTER_LIMIT) {
      // More than 4,096 within a millisecond: borrow from the next one rather than lose the order.
      lastMs++
      counter = 0
    }
    if (offset === pool.length) {
      randomFillSync(pool)
      offset = 0
    }
    const time = lastMs.toString(16).padStart(12, '0')
    const hex = (index: number) => HEX[pool[offset + index] ?? 0]
    const variant = HEX[((pool[offset] ?? 0) & 0x3f) | 0x80]
    const id =
      `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${variant}${hex(1)}-` +
      `${hex(2)}${hex(3)}${hex(4)}${hex(5)}${hex(6)}${hex(7)}`
    offset += 8
    return id
  }
}
