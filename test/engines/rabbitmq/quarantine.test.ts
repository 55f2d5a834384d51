/** Suspects are handed out one at a time in the whole process, and each gets its turn before the guilty one is left. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Quarantine } from '../../../src/engines/rabbitmq/quarantine.ts'
import type { Parcel, Source } from '../../../src/engines/rabbitmq/source.ts'
import { Stock } from '../../../src/engines/rabbitmq/stock.ts'

const SOURCE = { queue: { keyed: false } } as Source
const NOW = 1_000

function parcel(seq: number, redeliveries: number, type = 'MNP', more: { expiresAt?: number } = {}): Parcel {
  const message = { id: `m${seq}`, type, content: '', createdAt: 0 }
  const copy = {
    message,
    priority: 4,
    acceptedAt: seq,
    round: 0,
    attempts: 0,
    failures: 0,
    history: [],
    ...more,
  }
  return { seq, redeliveries, copy, source: SOURCE, arrivedAt: seq } as unknown as Parcel
}

function process() {
  const freed: string[] = []
  const quarantine = new Quarantine((type) => freed.push(type))
  const make = () => new Stock(false, () => {}, quarantine)
  return { freed, mnp: make(), change: make() }
}

const seqs = (parcels: readonly Parcel[]) => parcels.map(({ seq }) => seq)

test('what came back a few times goes together with others, what came back often goes alone', () => {
  const { mnp } = process()
  for (const one of [parcel(1, 4), parcel(2, 5), parcel(3, 0), parcel(4, 6)]) mnp.add(one, NOW)
  assert.deepEqual([mnp.ready, mnp.size], [3, 4])
  assert.deepEqual(seqs(mnp.take(10)), [1, 3, 2])
  assert.deepEqual([mnp.ready, mnp.size], [0, 1])
  assert.deepEqual(mnp.take(10), [])
})

test('one at a time over all types, the least suspicious first; the end of one wakes for the next', () => {
  const { mnp, change, freed } = process()
  assert.equal(mnp.add(parcel(1, 7), NOW), true)
  assert.equal(change.add(parcel(2, 6, 'CHANGE'), NOW), true)
  assert.deepEqual([mnp.ready, change.ready], [0, 1])
  const [first] = change.take(1)
  assert.ok(first)
  assert.equal(mnp.add(parcel(3, 9), NOW), false)
  assert.deepEqual(freed, [])
  change.finished(first, NOW)
  assert.deepEqual(freed, ['MNP'])
  assert.deepEqual(seqs(mnp.take(10)), [1])
})

test('given back, it waits for its turn again', () => {
  const { mnp, freed } = process()
  mnp.add(parcel(1, 5), NOW)
  mnp.add(parcel(2, 6), NOW)
  const [first] = mnp.take(1)
  assert.ok(first)
  mnp.putBack(first, NOW)
  assert.deepEqual(freed, ['MNP'])
  assert.deepEqual(seqs(mnp.take(5)), [1])
})

test('a lost connection and an expiry leave nobody waiting for what is gone', () => {
  const { mnp, change } = process()
  mnp.add(parcel(1, 5, 'MNP', { expiresAt: NOW }), NOW)
  change.add(parcel(2, 6, 'CHANGE'), NOW)
  assert.deepEqual(seqs(mnp.expire(NOW)), [1])
  assert.deepEqual(seqs(change.take(1)), [2])
  mnp.add(parcel(3, 5), NOW)
  mnp.clear()
  assert.equal(mnp.size, 0)
})

test('whichever of them does the harm, two deaths let all the others pass', () => {
  for (const guilty of [1, 2, 3, 4, 5]) {
    let left = [1, 2, 3, 4, 5]
    for (let death = 0; death < 2; death++) {
      const { mnp } = process()
      for (const seq of left) mnp.add(parcel(seq, 5 + death), NOW)
      for (;;) {
        const [one] = mnp.take(1)
        if (!one || one.seq === guilty) break
        left = left.filter((seq) => seq !== one.seq)
        mnp.finished(one, NOW)
      }
    }
    assert.deepEqual(left, [guilty])
  }
})
