/** Taking, next to messages that end in the same moment: an empty answer means that there is nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { silentLogger } from '../../../src/core/index.ts'
import { HandingOut } from '../../../src/engines/rabbitmq/handing-out.ts'
import { Leases } from '../../../src/engines/rabbitmq/leases.ts'
import { Quarantine } from '../../../src/engines/rabbitmq/quarantine.ts'
import type { Parcel } from '../../../src/engines/rabbitmq/source.ts'
import { Stock } from '../../../src/engines/rabbitmq/stock.ts'
import { OwnTallies } from '../../../src/engines/rabbitmq/tallies.ts'
import type { Ledger, Recorded } from '../../../src/queue/index.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

const REQUEST = { type: 'MNP', max: 1, leaseMs: 1_000, maxRetries: 1, retryDelayMs: 0 } as const
const DUE_AT = 100

/**
 * A queue whose broker has three expired ones out with us and gives the living ones behind them only when it has their
 * acknowledgements. `book()` lets the ledger answer.
 */
function setting() {
  const clock = new FakeClock(DUE_AT + 1)
  const stock = new Stock(false, () => {}, new Quarantine(clock, () => {}))
  let seq = 0
  let acknowledged = 0
  const source = {
    queue: { name: 'q', keyed: false, types: ['MNP'], routes: [] },
    holds: () => true,
    ack: () => {
      acknowledged++
    },
    flush: () => {},
  }
  const add = (id: string, more: { expiresAt?: number } = {}): void => {
    seq++
    const copy = {
      message: { id, type: 'MNP' },
      priority: 4,
      acceptedAt: seq,
      round: 0,
      attempts: 0,
      ...more,
    }
    const counts = { redeliveries: 0, takes: 0, failures: 0 }
    stock.add(
      { source, tag: seq, seq, arrivedAt: seq, dueAt: undefined, ...counts, copy } as never as Parcel,
      0,
    )
  }
  for (const id of ['x', 'y', 'z']) add(id, { expiresAt: DUE_AT })
  const replenish = async (): Promise<void> => {
    if (acknowledged === 3 && seq === 3) for (const id of ['living', 'behind it']) add(id)
  }
  const booked = Promise.withResolvers<void>()
  const record: Ledger['record'] = async (moves) => {
    if (moves.some(({ kind }) => kind === 'ended')) await booked.promise
    return moves.map((): Recorded => ({ kind: 'recorded', attempt: 1, failures: 0 }) as Recorded)
  }
  const handing = new HandingOut({
    intake: { stockOf: () => stock, replenish } as never,
    leases: new Leases(),
    tallies: new OwnTallies(['MNP']),
    clock,
    logger: silentLogger,
    ledger: { record } as Ledger,
    ready: () => {},
    timed: () => {},
  })
  const idsOf = async () => (await handing.take(REQUEST)).map(({ message }) => message.id)
  return { handing, stock, clock, idsOf, book: booked.resolve }
}

test('what expires while somebody takes hides nothing: the answer waits until it is booked', async () => {
  const { handing, stock, clock, idsOf, book } = setting()
  const expiring = handing.expire(stock, clock.now())
  const taken = idsOf()
  for (let turns = 0; turns < 5; turns++) await turn()
  book()
  assert.deepEqual(await taken, ['living'])
  await expiring
  assert.deepEqual([await idsOf(), await idsOf()], [['behind it'], []], 'and then there is nothing')
})

test('what expires between two looks of one take hides nothing either', async () => {
  const { idsOf, book } = setting()
  // The first of two takers finds the three and books them; the second finds nothing.
  const both = [idsOf(), idsOf()]
  for (let turns = 0; turns < 5; turns++) await turn()
  book()
  assert.deepEqual((await Promise.all(both)).flat().sort(), ['behind it', 'living'])
})
