/** Idempotency keys: one message per key, whoever asks, and however often. */
import assert from 'node:assert/strict'
import type { Reservation } from '../../../src/queue/index.ts'
import { AT, accepted, booked, books, type LedgerCase, taken } from './subject.ts'

const wish = (key: string, id: string, fingerprint = 'same'): Reservation => ({ key, id, fingerprint })

const cases: Readonly<Record<string, LedgerCase['run']>> = {
  'a fresh key is the message’s; the same request again is told its id': async ({ ledger }) => {
    assert.deepEqual(await ledger.reserve([wish('k', 'a'), wish('l', 'b')]), [
      { kind: 'fresh' },
      { kind: 'fresh' },
    ])
    assert.deepEqual(await ledger.reserve([wish('k', 'c')]), [{ kind: 'repeated', id: 'a' }])
  },
  'once the message is in the broker the key is answered with when': async ({ ledger }) => {
    await ledger.reserve([wish('k', 'a'), wish('l', 'b')])
    await books(ledger, accepted('a', { idempotencyKey: 'k' }))
    assert.deepEqual(await ledger.reserve([wish('k', 'c')]), [{ kind: 'repeated', id: 'a', acceptedAt: AT }])
    // A consumer that was faster knows it as well.
    await books(ledger, { ...taken('b'), booked: booked('b', { idempotencyKey: 'l' }) } as never)
    assert.deepEqual(await ledger.reserve([wish('l', 'd')]), [{ kind: 'repeated', id: 'b', acceptedAt: AT }])
  },
  'the receipt of another message does not answer a key': async ({ ledger }) => {
    await ledger.reserve([wish('k', 'a')])
    await books(ledger, accepted('b', { idempotencyKey: 'k' }))
    assert.deepEqual(await ledger.reserve([wish('k', 'c')]), [{ kind: 'repeated', id: 'a' }])
  },
  'the key with another request is refused': async ({ ledger }) => {
    await ledger.reserve([wish('k', 'a', 'one')])
    assert.deepEqual(await ledger.reserve([wish('k', 'b', 'other')]), [{ kind: 'reused' }])
    assert.deepEqual(await ledger.reserve([wish('k', 'b', 'one')]), [{ kind: 'repeated', id: 'a' }])
  },
  'a key that comes twice in one call': async ({ ledger }) => {
    const twice = [wish('k', 'a'), wish('k', 'b'), wish('k', 'c', 'other')]
    assert.deepEqual(await ledger.reserve(twice), [
      { kind: 'fresh' },
      { kind: 'repeated', id: 'a' },
      { kind: 'reused' },
    ])
  },
  'a key is free again when the publish failed for certain, and only then': async ({ ledger }) => {
    await ledger.reserve([wish('k', 'a'), wish('l', 'b')])
    await books(ledger, accepted('b', { idempotencyKey: 'l' }))
    await ledger.release([wish('k', 'other'), wish('l', 'b'), wish('none', 'x')])
    assert.deepEqual(await ledger.reserve([wish('k', 'c')]), [{ kind: 'repeated', id: 'a' }])
    await ledger.release([wish('k', 'a')])
    assert.deepEqual(await ledger.reserve([wish('k', 'c')]), [{ kind: 'fresh' }])
    assert.equal((await ledger.reserve([wish('l', 'c')]))[0]?.kind, 'repeated')
  },
  'of many processes that ask at once one gets the key, and all are told the same id': async (subject) => {
    const ledgers = [subject.ledger, await subject.rival(), await subject.rival()]
    for (let round = 0; round < 20; round++) {
      const asked = ledgers.flatMap((ledger, n) =>
        [0, 1].map((i) => ledger.reserve([wish(`k${round}`, `m${round}-${n}-${i}`)])),
      )
      const answers = (await Promise.all(asked)).flat()
      const winners = answers.flatMap((one, i) =>
        one.kind === 'fresh' ? [`m${round}-${i >> 1}-${i & 1}`] : [],
      )
      assert.equal(winners.length, 1)
      for (const one of answers)
        if (one.kind !== 'fresh') assert.deepEqual(one, { kind: 'repeated', id: winners[0] })
    }
  },
}

export const reservations: readonly LedgerCase[] = Object.entries(cases).map(([name, run]) => ({ name, run }))
