/** The order in which what lies in a process is handed out, and what it does when it is given up. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Quarantine } from '../../../src/engines/rabbitmq/quarantine.ts'
import type { Parcel, Source } from '../../../src/engines/rabbitmq/source.ts'
import { Stock } from '../../../src/engines/rabbitmq/stock.ts'
import type { Copy } from '../../../src/engines/rabbitmq/wire.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

const source = (keyed: boolean): Source =>
  ({ queue: { name: `q${keyed}`, keyed, types: [], routes: [] } }) as never
const PLAIN = source(false)
const KEYED = source(true)

type More = Omit<Partial<Parcel>, 'copy'> & { copy?: Partial<Copy> }

let seq = 0
function parcel(id: string, more: More = {}): Parcel {
  seq += 1
  const copy = { message: { id, type: 'MNP' }, priority: 4, acceptedAt: seq, round: 0, ...more.copy }
  return { source: PLAIN, tag: seq, seq, arrivedAt: seq, dueAt: undefined, ...more, copy } as Parcel
}
const keyed = (id: string, key: string, more: More = {}): Parcel =>
  parcel(id, { source: KEYED, ...more, copy: { orderingKey: key, ...more.copy } })

const ids = (parcels: readonly Parcel[]) => parcels.map(({ copy }) => copy.message.id)
const stockOf = (parcels: readonly Parcel[], byPriority = false): Stock => {
  const stock = new Stock(byPriority, () => {}, new Quarantine(new FakeClock(), () => {}))
  for (const one of parcels) stock.add(one, 0)
  return stock
}

describe('the stock of a type', () => {
  test('in the order of arrival; one that is put back is where it was', () => {
    const stock = stockOf(['a', 'b', 'c', 'd'].map((id) => parcel(id)))
    const [a, b] = stock.take(2)
    assert.ok(a && b)
    stock.putBack(b, 0)
    stock.putBack(a, 0)
    assert.deepEqual(ids(stock.take(9)), ['a', 'b', 'c', 'd'])
  })

  test('priorities go first only where the engine has them', () => {
    const make = () => [4, 9, 4, 0].map((priority, i) => parcel(`${priority}${i}`, { copy: { priority } }))
    assert.deepEqual(ids(stockOf(make(), true).take(9)), ['91', '40', '42', '03'])
    assert.deepEqual(ids(stockOf(make()).take(9)), ['40', '91', '42', '03'])
  })

  test('between queues the older one goes first, whichever was faster here', () => {
    const stock = stockOf([
      parcel('b', { copy: { acceptedAt: 20 } }),
      keyed('a', 'k', { copy: { acceptedAt: 10 } }),
      keyed('c', 'l', { copy: { acceptedAt: 30 } }),
    ])
    assert.deepEqual(ids(stock.take(9)), ['a', 'b', 'c'])
  })

  test('Q5: the queue decides the order within a key, not the clocks of those who accepted', () => {
    const stock = stockOf([
      keyed('first', 'k', { copy: { acceptedAt: 100 } }),
      keyed('second', 'k', { copy: { acceptedAt: 90 } }),
      keyed('third', 'k', { copy: { acceptedAt: 95 } }),
    ])
    const order: string[] = []
    for (let [next] = stock.take(9); next; [next] = stock.take(9)) {
      order.push(...ids([next]))
      assert.deepEqual(stock.take(9), [], 'one of a key at a time')
      stock.finished(next, 0)
    }
    assert.deepEqual(order, ['first', 'second', 'third'])
  })

  test('Q5: a dead letter that came back goes before those of its key that were accepted later', () => {
    const stock = stockOf([keyed('holder', 'k'), keyed('later', 'k', { copy: { acceptedAt: 50 } })])
    const [holder] = stock.take(1)
    assert.ok(holder)
    stock.add(keyed('back', 'k', { copy: { round: 2, acceptedAt: 10 } }), 0)
    stock.finished(holder, 0)
    assert.deepEqual(ids(stock.take(9)), ['back'])
  })

  test('what expires ends wherever it is, and frees its key', () => {
    const over = { expiresAt: 5 }
    const stock = stockOf([
      keyed('head', 'k', { copy: over }),
      keyed('behind', 'k', { copy: over }),
      keyed('living', 'k'),
      parcel('plain', { copy: over }),
      parcel('held', { dueAt: 100, copy: over }),
    ])
    assert.equal(stock.nextExpiryAt(), 5)
    assert.deepEqual(ids(stock.expire(5)).toSorted(), ['behind', 'head', 'held', 'plain'])
    assert.deepEqual(ids(stock.take(9)), ['living'])
    assert.deepEqual([stock.waiting, stock.held], [0, 0])
  })

  test('given up: all of that queue but what is out, whose key stays taken', () => {
    const stock = stockOf([
      keyed('out', 'k'),
      keyed('waits', 'k'),
      keyed('ready', 'l'),
      keyed('held', 'm', { dueAt: 100 }),
      parcel('plain'),
    ])
    assert.deepEqual(ids(stock.take(1)), ['out'])
    assert.deepEqual(ids(stock.giveUp(KEYED)).toSorted(), ['held', 'ready', 'waits'])
    assert.deepEqual([stock.ready, stock.waiting, stock.held], [1, 0, 0])
    stock.add(keyed('waits again', 'k'), 0)
    stock.add(keyed('free', 'l'), 0)
    assert.deepEqual(ids(stock.take(9)), ['plain', 'free'])
  })
})
