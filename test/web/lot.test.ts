/** The page's own check of a draw agrees with the service's, and finds every kind of broken promise. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { chained, commitmentOf, EMPTY_ROOT, verifyDraw, verifyNumber } from '../../src/waiting-room/index.ts'
import { checkLot, type Promised, promiseIn } from '../../web/room/lot.ts'
import type { Draw } from '../../web/room/wire.ts'

const { subtle } = crypto
const hex = (text: string): string => createHash('sha256').update(text).digest('hex')
const people = (count: number): string[] => Array.from({ length: count }, (_, i) => `v${i}`)

function drawn(count: number, secret: string, beacon: string, first = 1): Draw {
  const root = people(count).reduce((chain, visitor, i) => chained(chain, first + i, visitor), EMPTY_ROOT)
  return { commitment: commitmentOf(secret), first, count, root, revealed: { secret, beacon } }
}

const promise = (draw: Draw, number: number): Promised => ({
  ...{ event: '1', user: 'u', number },
  commitment: draw.commitment,
})

test('the browser finds the ticket that the service draws, for every number', async () => {
  const some = fc.asyncProperty(
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 1e9 }),
    fc.string(),
    fc.nat(),
    async (count, first, beacon, pick) => {
      const draw = drawn(count, hex(beacon), beacon, first)
      const verdict = verifyDraw(draw, people(count))
      assert.ok(verdict.ok)
      const index = pick % count
      const ticket = verdict.tickets[index] ?? 0
      const found = await checkLot(draw, promise(draw, first + index), ticket, subtle)
      assert.deepEqual(found, { kind: 'right', place: ticket - first + 1, of: count })
      const other = await checkLot(draw, promise(draw, first + index), ticket + 1, subtle)
      assert.deepEqual(other, { kind: 'wrong' }, 'a ticket that was not drawn')
    },
  )
  await fc.assert(some, { numRuns: 60 })
})

test('an answer of the pre-queue before, or of none, promises nothing', () => {
  const draw = drawn(40, hex('secret'), 'beacon', 101)
  const { revealed: _, ...hidden } = draw
  assert.equal(promiseIn(hidden, 101), draw.commitment)
  assert.equal(promiseIn(hidden, 500), draw.commitment, 'others have come since')
  assert.equal(promiseIn(draw, 141), undefined, 'it has been drawn: this number is of the next one')
  assert.equal(promiseIn(hidden, 100), undefined)
  assert.equal(promiseIn(null, 1), undefined)
})

test('a broken promise is found, and what cannot be said is not', async () => {
  const draw = drawn(4_000, hex('secret'), 'beacon', 101)
  const number = 107
  const found = verifyNumber(draw, number)
  assert.ok(found.ok)
  const promised = promise(draw, number)
  const { revealed: _, ...hidden } = draw
  const kindOf = async (now: Draw | null, kept = promised, by: typeof subtle | undefined = subtle) =>
    (await checkLot(now, kept, found.ticket, by)).kind
  assert.equal(await kindOf(draw), 'right')
  assert.equal(await kindOf({ ...draw, revealed: { secret: hex('other'), beacon: 'beacon' } }), 'wrong')
  assert.equal(
    await kindOf(drawn(4_000, hex('other'), 'beacon', 101)),
    'wrong',
    'another secret was promised',
  )
  assert.equal(
    await kindOf({ ...draw, revealed: { secret: hex('secret'), beacon: 'chosen later' } }),
    'wrong',
  )
  assert.equal(await kindOf({ ...draw, root: hex('another list') }), 'wrong')
  assert.equal(await kindOf(draw, { ...promised, number: 4_101 }), 'wrong', 'not among those drawn')
  assert.equal(await kindOf(null), 'wrong', 'no draw where one was promised')
  assert.equal(await kindOf(hidden), 'early')
  assert.equal(await kindOf(drawn(5, hex('next'), '', 500)), 'past')
  assert.equal(
    (await checkLot(draw, promised, found.ticket, undefined)).kind,
    'unchecked',
    'a page without cryptography',
  )
})
