/** The lottery of a pre-queue: a permutation, uniform, and one that anybody can recompute. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  chained,
  commitmentOf,
  type Draw,
  drawnOrder,
  EMPTY_ROOT,
  isDrawn,
  permutation,
  verifyDraw,
  verifyNumber,
} from '../../src/waiting-room/index.ts'
import { chances, fc } from '../fixtures/seed.ts'

const hex = (text: string): string => commitmentOf(Buffer.from(text).toString('hex'))
const secret = hex('a secret of the test')

function drawn(visitors: readonly string[], beacon = 'round 4711', first = 1): Draw {
  const root = visitors.reduce((chain, visitor, i) => chained(chain, first + i, visitor), EMPTY_ROOT)
  const revealed = { secret, beacon }
  return { commitment: commitmentOf(secret), first, count: visitors.length, root, revealed }
}
const people = (count: number): string[] => Array.from({ length: count }, (_, i) => `visitor ${i}`)

test('L1: for every seed and size the order is a permutation, and its inverse is one', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 300 }), (text, size) => {
      const { at, inverse } = permutation(hex(text), size)
      const images = Array.from({ length: size }, (_, i) => at(i))
      assert.deepEqual(
        [...images].sort((a, b) => a - b),
        Array.from({ length: size }, (_, i) => i),
      )
      for (const [i, image] of images.entries()) assert.equal(inverse(image), i)
    }),
    chances(100),
  )
})

/** Worked out with another implementation in another language (Python, `hmac`). */
const KNOWN = [8, 0, 1, 7, 9, 4, 2, 6, 3, 5]

test('the same seed gives the same order on every machine', () => {
  const { at } = permutation('00'.repeat(32), 10)
  assert.deepEqual(
    Array.from({ length: 10 }, (_, i) => at(i)),
    KNOWN,
  )
})

/** Upper 0.1 % point of chi² by Wilson and Hilferty (1931). */
const critical = (freedom: number): number => {
  const part = 2 / (9 * freedom)
  return freedom * (1 - part + 3.0902 * Math.sqrt(part)) ** 3
}
const chiSquared = (observed: readonly number[], expected: number): number =>
  observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)

test('whoever registered first, last or in between: each place is as likely (chi², fixed seeds)', () => {
  const size = 20
  const draws = 4_000
  const tally = Array.from({ length: size }, () => new Array<number>(size).fill(0))
  for (let draw = 0; draw < draws; draw++) {
    const { at } = permutation(hex(`draw ${draw}`), size)
    for (let i = 0; i < size; i++) {
      const row = tally[i]
      const place = at(i)
      if (row) row[place] = (row[place] ?? 0) + 1
    }
  }
  for (const [i, row] of tally.entries()) {
    const statistic = chiSquared(row, draws / size)
    // 20 registrants are tested, hence the small level.
    assert.ok(statistic < critical(size - 1), `registrant ${i}: chi² ${statistic.toFixed(1)}`)
  }
})

test('in one large draw the deciles of arrival spread evenly, and arrival says nothing about the place', () => {
  const size = 10_000
  const { at } = permutation(hex('one large draw'), size)
  const cells = new Array<number>(100).fill(0)
  let products = 0
  for (let i = 0; i < size; i++) {
    const place = at(i)
    const cell = Math.floor((i * 10) / size) * 10 + Math.floor((place * 10) / size)
    cells[cell] = (cells[cell] ?? 0) + 1
    products += (i - place) ** 2
  }
  assert.ok(chiSquared(cells, size / 100) < critical(81), `chi² ${chiSquared(cells, size / 100).toFixed(1)}`)
  const spearman = 1 - (6 * products) / (size * (size * size - 1))
  assert.ok(Math.abs(spearman) < 3.3 / Math.sqrt(size - 1), `Spearman ${spearman.toFixed(4)}`)
})

test('anybody can recompute a draw from what was published', () => {
  const visitors = people(50)
  const draw = drawn(visitors, 'round 4711', 101)
  const verdict = verifyDraw(draw, visitors)
  assert.ok(verdict.ok)
  assert.deepEqual(
    [...verdict.tickets].sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, i) => 101 + i),
  )
  assert.ok(isDrawn(draw))
  assert.equal(verdict.tickets[7], 101 + drawnOrder(draw).at(7))
})

test('whoever knows his number finds his ticket without the list, and who took no part has none', () => {
  const visitors = people(50)
  const draw = drawn(visitors, 'round 4711', 101)
  const verdict = verifyDraw(draw, visitors)
  assert.ok(verdict.ok)
  for (const [i, ticket] of verdict.tickets.entries()) {
    assert.deepEqual(verifyNumber(draw, 101 + i), { ok: true, ticket })
  }
  const { revealed: _, ...hidden } = draw
  const cases: [Draw, number, RegExp][] = [
    [draw, 100, /number 100 took no part: 50 were drawn, from number 101 on/],
    [draw, 151, /took no part/],
    [draw, 101.5, /took no part/],
    [draw, Number.NaN, /took no part/],
    [{ ...draw, commitment: hex('another') }, 101, /committed/],
    [hidden, 101, /not been revealed/],
  ]
  for (const [altered, number, fault] of cases) {
    const found = verifyNumber(altered, number)
    assert.match(found.ok ? 'passed' : found.fault, fault)
  }
})

test('whatever was altered afterwards is found', () => {
  const visitors = people(50)
  const draw = drawn(visitors)
  const other = hex('another secret')
  const swapped = [visitors[1] ?? '', visitors[0] ?? '', ...visitors.slice(2)]
  const cases: [Draw, readonly string[], RegExp][] = [
    [{ ...draw, revealed: { secret: other, beacon: '' } }, visitors, /committed/],
    [{ ...draw, commitment: other }, visitors, /committed/],
    [{ ...draw, revealed: { secret: 'short', beacon: '' } }, visitors, /committed/],
    [draw, swapped, /list of registrations/],
    [draw, [...visitors.slice(0, 49), 'a friend'], /list of registrations/],
    [draw, visitors.slice(1), /49 registrations, 50 were drawn/],
    [{ ...draw, first: 2 }, visitors, /list of registrations/],
  ]
  for (const [altered, list, fault] of cases) {
    const verdict = verifyDraw(altered, list)
    assert.match(verdict.ok ? 'passed' : verdict.fault, fault)
  }
  const { revealed: _, ...hidden } = draw
  assert.deepEqual(verifyDraw(hidden, visitors), { ok: false, fault: 'the secret has not been revealed' })
})

test('another beacon, or one more registration, is another order', () => {
  const tickets = (draw: Draw, list: readonly string[]) => {
    const verdict = verifyDraw(draw, list)
    return verdict.ok ? verdict.tickets : assert.fail(verdict.fault)
  }
  const visitors = people(50)
  assert.notDeepEqual(tickets(drawn(visitors, 'a'), visitors), tickets(drawn(visitors, 'b'), visitors))
  const more = people(51)
  assert.notDeepEqual(tickets(drawn(more), more).slice(0, 50), tickets(drawn(visitors), visitors))
})
