/** What a client computes from the frame: its place, close to the exact one, however many ahead have gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketBounds, FRAME_BUCKETS, placeFrom } from '../../src/waiting-room/index.ts'
import { chances, fc, seededRandom } from '../fixtures/seed.ts'

/** The frame of a line in which only `waits(ticket)` still wait, and the exact places. */
function frameOf(serving: number, next: number, waits: (ticket: number) => boolean) {
  const bounds = bucketBounds(serving, next)
  const departed = new Array<number>(FRAME_BUCKETS).fill(0)
  const places = new Map<number, number>()
  let bucket = 0
  for (let ticket = serving + 1; ticket <= next; ticket++) {
    while (ticket > (bounds[bucket + 1] ?? next)) bucket++
    if (waits(ticket)) places.set(ticket, places.size + 1)
    else departed[bucket] = (departed[bucket] ?? 0) + 1
  }
  return { frame: { serving, next, returned: 0, departed }, places }
}

test('the bounds begin at serving, end at next and never go back, for lines of any length', () => {
  const line = fc.tuple(fc.nat(2 ** 40), fc.nat(3_000_000))
  fc.assert(
    fc.property(line, ([serving, span]) => {
      const bounds = bucketBounds(serving, serving + span)
      assert.equal(bounds.length, FRAME_BUCKETS + 1)
      assert.deepEqual([bounds[0], bounds.at(-1)], [serving, serving + span])
      for (let i = 0; i < FRAME_BUCKETS; i++) assert.ok((bounds[i] ?? 0) <= (bounds[i + 1] ?? -1))
    }),
    chances(200),
  )
})

test('nobody left: the place is exact', () => {
  const { frame, places } = frameOf(400, 1_900, () => true)
  for (const [ticket, place] of places) assert.equal(placeFrom(frame, ticket), place)
})

test('everybody behind the first is placed behind the first, and a short line is exact to a place', () => {
  const lines = fc.tuple(fc.nat(1000), fc.array(fc.boolean(), { maxLength: 31 }))
  fc.assert(
    fc.property(lines, ([serving, present]) => {
      const { frame, places } = frameOf(serving, serving + present.length, (ticket) => {
        return present[ticket - serving - 1] === true
      })
      for (const [ticket, place] of places) {
        assert.ok(Math.abs(placeFrom(frame, ticket) - place) <= 1, `${ticket}: ${place}`)
      }
    }),
    chances(300),
  )
})

for (const share of [0.1, 0.3, 0.6]) {
  test(`200,000 tickets, ${share * 100} % gone and mostly from the front: the error stays under 2 % (p99)`, () => {
    const random = seededRandom(7)
    const span = 200_000
    // Linear from twice the share at the front to none at the end.
    const gone = (ticket: number) => random() < Math.min(0.97, 2 * share * (1 - ticket / span))
    const { frame, places } = frameOf(0, span, (ticket) => !gone(ticket))
    const errors: number[] = []
    const naive: number[] = []
    for (const [ticket, place] of places) {
      if (place < 100) continue
      errors.push(Math.abs(placeFrom(frame, ticket) - place) / place)
      naive.push((ticket - place) / place)
    }
    errors.sort((a, b) => a - b)
    naive.sort((a, b) => a - b)
    const at = (list: readonly number[], q: number) => list[Math.floor(q * (list.length - 1))] ?? Number.NaN
    assert.ok(at(errors, 0.5) < 0.003, `median ${at(errors, 0.5)}`)
    assert.ok(at(errors, 0.99) < 0.02, `p99 ${at(errors, 0.99)}`)
    assert.ok(at(naive, 0.5) > 20 * at(errors, 0.5), `without buckets ${at(naive, 0.5)}`)
  })
}

test('L2: who was absent when called and came back is placed before those never called', () => {
  const frame = { serving: 100, next: 200, returned: 3, departed: new Array<number>(FRAME_BUCKETS).fill(0) }
  assert.ok(placeFrom(frame, 40) <= 3)
  assert.equal(placeFrom(frame, 101), 4)
  assert.equal(placeFrom({ ...frame, returned: 0 }, 40), 1, 'a frame from before the return')
})
