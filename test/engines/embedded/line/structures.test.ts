/** The structures in memory, each against the plainest thing that does the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DueTimes } from '../../../../src/engines/embedded/line/due.ts'
import { Names } from '../../../../src/engines/embedded/line/names.ts'
import { TicketOrder } from '../../../../src/engines/embedded/line/order.ts'
import { Visitors } from '../../../../src/engines/embedded/line/visitors.ts'
import { chances, fc, seededRandom } from '../../../fixtures/seed.ts'

/** An order and the plain list beside it. */
class Orders {
  readonly start = 5_000_000_000
  readonly order = new TicketOrder(this.start)
  readonly waiting = new Set<number>()
  readonly #away: number[] = []
  last = this.start

  arrive(waits: boolean): void {
    this.last++
    this.order.append(this.last, this.last - this.start, waits)
    if (waits) this.waiting.add(this.last)
  }

  /** The n-th of those waiting goes, for good or to come back. */
  go(n: number, forGood: boolean): void {
    const ticket = [...this.waiting][n]
    if (ticket === undefined) return
    this.waiting.delete(ticket)
    if (forGood) return this.order.drop(ticket)
    this.order.setWaiting(ticket, false)
    this.#away.push(ticket)
  }

  comeBack(part: number): void {
    const ticket = this.#away.splice(Math.floor(part * this.#away.length), 1)[0]
    if (ticket === undefined) return
    this.order.setWaiting(ticket, true)
    this.waiting.add(ticket)
  }

  compare(random: () => number): void {
    const sorted = [...this.waiting].sort((a, b) => a - b)
    assert.equal(this.order.first(), sorted.length === 0 ? -1 : (sorted[0] ?? 0) - this.start)
    for (let probe = 0; probe < 5; probe++) {
      const ticket = this.start + Math.floor(random() * (this.last - this.start + 3)) - 1
      assert.equal(this.order.upTo(ticket), sorted.filter((one) => one <= ticket).length)
    }
  }
}

test('L2: first and places are those of a sorted list, through arrivals, returns and compactions', () => {
  const random = seededRandom(11)
  const orders = new Orders()
  for (let i = 0; i < 20_000; i++) {
    const dice = random()
    if (dice < 0.5) orders.arrive(random() < 0.9)
    // Mostly from the front, as calls do.
    else if (dice < 0.8) orders.go(random() < 0.7 ? 0 : Math.floor(random() * 500), random() < 0.5)
    else orders.comeBack(random())
    assert.equal(orders.order.size, orders.waiting.size)
    if (i % 50 === 0) orders.compare(random)
  }
  assert.ok(orders.last - orders.start > 9_000, 'the tree had to grow')
})

test('a ticket that is not the next one, or not known, is a fault of ours and said so', () => {
  const order = new TicketOrder(10)
  order.append(11, 0, true)
  assert.throws(() => order.append(11, 0, true), /ticket 11 after 11/)
  assert.throws(() => order.append(13, 0, true), /ticket 13 after 11/)
  assert.throws(() => order.setWaiting(12, true), /not known/)
  assert.throws(() => order.setWaiting(10, true), /not known/)
  assert.equal(order.size, 1)
})

test('L1: the table of names does what a map does, with names that share hashes, lengths and bytes', () => {
  const name = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', '\u00ff'), minLength: 1, maxLength: 3 }),
    fc.string({ unit: fc.constantFrom('가', 'a', '\u0100'), minLength: 1, maxLength: 2 }),
    fc.constantFrom('x'.repeat(255), '한'.repeat(255), 'aa', 'ＡＡ', '\u0000', '\u0061\u0061'),
  )
  const command = fc.tuple(fc.boolean(), name)
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 400, size: 'max' }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (commands, seed) => {
        const names = new Names(seed)
        const map = new Map<string, number>()
        const free: number[] = []
        let used = 0
        for (const [add, one] of commands) {
          const slot = map.get(one)
          assert.equal(names.slotOf(one), slot ?? -1)
          if (add && slot === undefined) {
            const fresh = free.pop() ?? used++
            names.set(fresh, one)
            map.set(one, fresh)
          } else if (!add && slot !== undefined) {
            names.delete(slot)
            map.delete(one)
            free.push(slot)
          }
          assert.equal(names.size, map.size)
        }
        for (const [one, slot] of map) {
          assert.equal(names.slotOf(one), slot)
          assert.equal(names.nameOf(slot), one)
        }
      },
    ),
    chances(200),
  )
})

test('the table of names holds many, also after most have gone and others have come', () => {
  const names = new Names(99)
  const slots = new Map<string, number>()
  for (let i = 0; i < 30_000; i++) {
    const name = `visitor-${i}${i % 7 === 0 ? '-방문자' : ''}`
    names.set(i, name)
    slots.set(name, i)
  }
  for (const [name, slot] of [...slots].filter((_, i) => i % 10 > 0)) {
    names.delete(slot)
    slots.delete(name)
    const other = `other-${slot}`
    if (slot % 3 > 0) continue
    names.set(slot, other)
    slots.set(other, slot)
  }
  assert.equal(names.size, slots.size)
  for (const [name, slot] of slots) {
    assert.equal(names.slotOf(name), slot)
    assert.equal(names.nameOf(slot), name)
  }
  assert.equal(names.slotOf('visitor-1'), -1)
})

test('L4: room for many is made at once, and neither those before nor those beyond it are lost', () => {
  const visitors = new Visitors(7)
  const enter = (i: number): void => {
    const slot = visitors.add(`visitor-${i}`)
    visitors.ticket[slot] = i
    visitors.setState(slot, 'waiting')
  }
  for (let i = 1; i <= 300; i++) enter(i)
  // Fewer bytes than the names take, so that both ways of growing meet.
  visitors.reserve(5_000, 8)
  for (let i = 301; i <= 9_000; i++) enter(i)
  assert.deepEqual([visitors.size, visitors.count('waiting')], [9_000, 9_000])
  for (let i = 1; i <= 9_000; i++) {
    const slot = visitors.slotOf(`visitor-${i}`)
    assert.equal(visitors.nameOf(slot), `visitor-${i}`)
    assert.equal(visitors.ticket[slot], i)
  }
  assert.equal(visitors.slotOf('visitor-9001'), -1)
})

test('due times come in order, and none before it is due', () => {
  const moments = fc.array(fc.nat(50), { maxLength: 60 })
  fc.assert(
    fc.property(moments, fc.nat(50), (times, now) => {
      const due = new DueTimes()
      for (const [slot, at] of times.entries()) due.add(at, slot)
      const taken: number[] = []
      for (let entry = due.take(now); entry; entry = due.take(now)) taken.push(entry.at)
      const expected = times.filter((at) => at <= now).sort((a, b) => a - b)
      assert.deepEqual(taken, expected)
      assert.equal(due.next, Math.min(...times.filter((at) => at > now), Number.POSITIVE_INFINITY))
    }),
    chances(200),
  )
})
