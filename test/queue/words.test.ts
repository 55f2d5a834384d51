/** The fingerprint of a publish, and the conservation law. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject, JsonValue, NewMessage } from '../../src/core/index.ts'
import { fingerprint, NO_COUNTS, type StateCounts, unaccounted } from '../../src/queue/index.ts'
import { chances, fc } from '../fixtures/seed.ts'

const base: NewMessage = { id: 'a', type: 'MNP', content: 'work', createdAt: 1, priority: 4 }

test('a fingerprint does not depend on what the gateway and the clock add', () => {
  const again = { ...base, id: 'b', createdAt: 2, availableAt: 3, expiresAt: 4, idempotencyKey: 'k' }
  assert.equal(fingerprint(again), fingerprint(base))
})

test('a fingerprint changes with everything the sender wrote', () => {
  const others: NewMessage[] = [
    base,
    { ...base, type: 'CHANGE' },
    { ...base, content: 'work ' },
    { ...base, priority: 5 },
    { ...base, orderingKey: 'k' },
    { ...base, attributes: { a: 1 } },
    { ...base, attributes: { a: '1' } },
    { ...base, attributes: { a: [1] } },
    { ...base, attributes: { a: { b: 1 } } },
    { ...base, attributes: { a: [['b', 1]] } },
  ]
  assert.equal(new Set(others.map(fingerprint)).size, others.length)
})

const shuffled = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(shuffled)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(([key, inner]) => [key, shuffled(inner)])
  return Object.fromEntries(entries.toReversed())
}

test('the order of keys in attributes does not count, at any depth', () => {
  const anyObject = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>
  fc.assert(
    fc.property(anyObject, (attributes) => {
      const other = { ...base, attributes: shuffled(attributes) as JsonObject }
      assert.equal(fingerprint(other), fingerprint({ ...base, attributes }))
    }),
    chances(200),
  )
})

test('Q2: the law counts every place a message can be, once', () => {
  const places = ['ready', 'inFlight', 'delayed', 'done', 'rejected', 'dead', 'expired', 'deleted'] as const
  const empty: StateCounts = { ...NO_COUNTS }
  assert.equal(unaccounted(empty), 0)
  for (const place of places) {
    assert.equal(unaccounted({ ...empty, accepted: 1, [place]: 1 }), 0, place)
    assert.equal(unaccounted({ ...empty, accepted: 3, [place]: 1 }), 2, 'lost ones show')
    assert.equal(unaccounted({ ...empty, [place]: 1 }), -1, 'and so do those out of nowhere')
  }
  assert.equal(unaccounted({ ...empty, departed: 5 }), 0, 'a departure is no place')
})
