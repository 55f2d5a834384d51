/** Suspects are handed out one at a time in the whole process, and each gets its turn before the guilty one is left. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Quarantine } from '../../../src/engines/rabbitmq/quarantine.ts'
import type { Parcel, Source } from '../../../src/engines/rabbitmq/source.ts'
import { Stock } from '../../../src/engines/rabbitmq/stock.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

const asked: PromiseWithResolvers<void>[] = []
const SOURCE = {
  queue: { keyed: false },
  fence() {
    const answer = Promise.withResolvers<void>()
    asked.push(answer)
    return answer.promise
  },
} as Source

/** The broker has heard of all that was sent, or is gone. */
async function heard(gone = false): Promise<void> {
  await turn()
  for (const { resolve, reject } of asked.splice(0)) gone ? reject(new Error('gone')) : resolve()
  await turn()
}
const NOW = 1_000
const MOMENT_MS = 250

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
  const clock = new FakeClock()
  const quarantine = new Quarantine(clock, (type) => freed.push(type))
  const make = () => new Stock(false, () => {}, quarantine)
  return { freed, mnp: make(), change: make(), moment: () => clock.advance(MOMENT_MS) }
}

const seqs = (parcels: readonly Parcel[]) => parcels.map(({ seq }) => seq)

test('what came back a few times goes together with others, what came back often goes alone', async () => {
  const { mnp, moment } = process()
  for (const one of [parcel(1, 4), parcel(2, 5), parcel(3, 0), parcel(4, 6)]) mnp.add(one, NOW)
  await moment()
  assert.deepEqual([mnp.ready, mnp.size], [3, 4])
  assert.deepEqual(seqs(mnp.take(10)), [1, 3, 2])
  assert.deepEqual([mnp.ready, mnp.size], [0, 1])
  assert.deepEqual(mnp.take(10), [])
})

test('one at a time over all types, the least suspicious first; the end of one wakes for the next', async () => {
  const { mnp, change, freed, moment } = process()
  assert.equal(mnp.add(parcel(1, 7), NOW), false)
  await moment()
  assert.deepEqual(freed.splice(0), ['MNP'])
  assert.equal(change.add(parcel(2, 6, 'CHANGE'), NOW), true)
  assert.deepEqual([mnp.ready, change.ready], [0, 1])
  const [first] = change.take(1)
  assert.ok(first)
  assert.equal(mnp.add(parcel(3, 9), NOW), false)
  assert.deepEqual(freed, [])
  change.finished(first, NOW)
  await turn()
  assert.deepEqual([freed, mnp.ready], [[], 0])
  await heard()
  assert.deepEqual(freed, ['MNP'])
  assert.deepEqual(seqs(mnp.take(10)), [1])
})

test('given back, it waits for its turn again', async () => {
  const { mnp, freed, moment } = process()
  mnp.add(parcel(1, 5), NOW)
  mnp.add(parcel(2, 6), NOW)
  await moment()
  const [first] = mnp.take(1)
  assert.ok(first)
  freed.length = 0
  mnp.putBack(first, NOW)
  assert.deepEqual(mnp.take(5), [])
  await heard(true)
  assert.deepEqual(freed, ['MNP'])
  assert.deepEqual(seqs(mnp.take(5)), [1])
})

test('a lost connection and an expiry leave nobody waiting for what is gone', async () => {
  const { mnp, change, moment } = process()
  mnp.add(parcel(1, 5, 'MNP', { expiresAt: NOW }), NOW)
  change.add(parcel(2, 6, 'CHANGE'), NOW)
  await moment()
  assert.deepEqual(seqs(mnp.expire(NOW)), [1])
  assert.deepEqual(seqs(change.take(1)), [2])
  mnp.add(parcel(3, 5), NOW)
  mnp.clear()
  assert.equal(mnp.size, 0)
})

test('whichever of them does the harm, two deaths let all the others pass, though it comes first', async () => {
  for (const guilty of [1, 2, 3, 4, 5]) {
    let left = [1, 2, 3, 4, 5]
    for (let death = 0; death < 2; death++) {
      const { mnp, moment } = process()
      // The first may be asked for before the others have come.
      for (const seq of left) {
        mnp.add(parcel(seq, 5 + death), NOW)
        assert.deepEqual(mnp.take(1), [])
      }
      await moment()
      for (;;) {
        const [one] = mnp.take(1)
        if (!one || one.seq === guilty) break
        left = left.filter((seq) => seq !== one.seq)
        mnp.finished(one, NOW)
        await heard()
      }
    }
    assert.deepEqual(left, [guilty])
  }
})
