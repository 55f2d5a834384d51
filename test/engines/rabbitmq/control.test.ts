/** Processes of one queue hear of each other, of nobody else, and count together what each has done. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { connect } from 'amqplib'
import { silentLogger } from '../../../src/core/index.ts'
import { Control } from '../../../src/engines/rabbitmq/control.ts'
import { Link } from '../../../src/engines/rabbitmq/link.ts'
import { namesOf } from '../../../src/engines/rabbitmq/names.ts'
import { REPORT_BYTES } from '../../../src/engines/rabbitmq/report.ts'
import { sum, type Tallies, type Tally } from '../../../src/engines/rabbitmq/tallies.ts'
import type { Fleet, MemberDetails } from '../../../src/queue/index.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { privateBrokerMissing, sharedBroker } from '../../fixtures/rabbitmq.ts'
import { newQueueName, realClock } from './setting.ts'

const ZERO: Tally = {
  accepted: 0,
  done: 0,
  rejected: 0,
  expired: 0,
  died: 0,
  retried: 0,
  deleted: 0,
  departed: 0,
  delayedIn: 0,
  delayedOut: 0,
  inFlight: 0,
  buffered: 0,
}
const DETAILS: MemberDetails = {
  role: 'consumer',
  lanes: [{ type: '번호이동', slots: 10, running: 3, serviceMs: 12.5, breaker: 'closed' }],
  cpu: 0.25,
  memoryBytes: 123_456_789,
  draining: false,
}

describe('the fleet of a queue', { skip: privateBrokerMissing() }, () => {
  const shared = sharedBroker()

  interface Seat {
    readonly control: Control
    readonly link: Link
    readonly id: string
    readonly clock: FakeClock
    details: MemberDetails
    tallies: Tallies
    oldest: number | undefined
  }

  /** A process of the queue, with a clock of its own: reports go out when the test lets a second pass. */
  async function process(t: TestContext, queueName: string, id: string): Promise<Seat> {
    const clock = new FakeClock()
    const link = new Link({
      url: shared().url,
      name: id,
      clock: realClock,
      random: () => 0,
      logger: silentLogger,
    })
    const seat = { details: DETAILS, tallies: {} as Tallies, oldest: undefined as number | undefined }
    const control = new Control({
      link,
      names: namesOf(queueName),
      clock,
      logger: silentLogger,
      id,
      host: 'here',
      pid: 4711,
      tallies: () => seat.tallies,
      oldest: () => seat.oldest,
    })
    control.describe(() => seat.details)
    t.after(() => link.stop())
    await link.start()
    control.start()
    return Object.assign(seat, { control, link, id, clock })
  }

  const idsOf = (fleet: Fleet): string[] =>
    fleet
      .members()
      .map(({ id }) => id)
      .sort()
  const sees = (seat: Seat, ids: readonly string[]) =>
    eventually(
      () => (idsOf(seat.control).join() === ids.join() ? true : undefined),
      () => `${seat.id} to see ${ids}, it sees ${idsOf(seat.control)}`,
    )
  const total = (seat: Seat) => sum([seat.tallies, ...seat.control.others()]).get('MNP')
  const tellAll = (seats: readonly Seat[]) => Promise.all(seats.map(({ clock }) => clock.advance(1_000)))

  test('each sees all with what they tell, and those of another queue not', async (t) => {
    const queueName = newQueueName()
    const a = await process(t, queueName, 'a')
    const b = await process(t, queueName, 'b')
    await process(t, newQueueName(), 'stranger')
    await tellAll([a, b])
    await sees(a, ['a', 'b'])
    await sees(b, ['a', 'b'])
    const told = a.control.members().find(({ id }) => id === 'b')
    assert.deepEqual(told, {
      ...DETAILS,
      id: 'b',
      pid: 4711,
      host: 'here',
      startedAt: told?.startedAt,
      heardAt: told?.heardAt,
    })
    b.details = { ...DETAILS, draining: true, lanes: [] }
    await tellAll([b])
    await eventually(
      () => (a.control.members().find(({ id }) => id === 'b')?.draining === true ? true : undefined),
      () => 'the change to be heard',
    )
  })

  test('one that goes says so; one that falls silent is dropped after five seconds', async (t) => {
    const queueName = newQueueName()
    const [a, b, c] = [
      await process(t, queueName, 'a'),
      await process(t, queueName, 'b'),
      await process(t, queueName, 'c'),
    ]
    await sees(a, ['a', 'b', 'c'])
    // The first reports are here; that these are shows, and none is on its way when its process falls silent.
    for (const one of [b, c]) one.details = { ...DETAILS, draining: true }
    await tellAll([a, b, c])
    await eventually(
      () => a.control.members().filter(({ draining }) => draining).length === 2 || undefined,
      () => 'the second reports to be heard',
    )
    await b.control.stop()
    await sees(a, ['a', 'c'])
    await c.link.stop()
    await a.clock.advance(4_900)
    assert.deepEqual(idsOf(a.control), ['a', 'c'])
    await a.clock.advance(200)
    assert.deepEqual(idsOf(a.control), ['a'])
  })

  test('who has the oldest message tells its age to those who have none', async (t) => {
    const queueName = newQueueName()
    const [gateway, b, c] = [
      await process(t, queueName, 'gateway'),
      await process(t, queueName, 'b'),
      await process(t, queueName, 'c'),
    ]
    gateway.details = { ...DETAILS, role: 'gateway', lanes: [] }
    await tellAll([gateway, b, c])
    await sees(gateway, ['b', 'c', 'gateway'])
    assert.equal(gateway.control.oldestReadyAt('번호이동'), undefined)
    b.oldest = 2_000
    c.oldest = 1_000
    await tellAll([b, c])
    const tells = (oldest: number | undefined) =>
      eventually(
        () => (gateway.control.oldestReadyAt('번호이동') === oldest ? true : undefined),
        () => `${oldest} as the oldest; it is ${gateway.control.oldestReadyAt('번호이동')}`,
      )
    await tells(1_000)
    assert.equal(gateway.control.oldestReadyAt('MNP'), undefined)
    c.oldest = undefined
    await tellAll([c])
    await tells(2_000)
  })

  test('a process whose own reports do not come back knows that it is deaf before the others seem gone', async (t) => {
    const queueName = newQueueName()
    const a = await process(t, queueName, 'a')
    const b = await process(t, queueName, 'b')
    assert.equal(a.control.hears(), false)
    for (let told = 1; told <= 4; told++) {
      // In turn: when a hears what b told after it had heard a, its own report is back as well.
      for (const [teller, listener] of [
        [a, b],
        [b, a],
      ] as const) {
        teller.tallies = { MNP: { ...ZERO, accepted: told } }
        await tellAll([teller])
        await eventually(
          () => (sum(listener.control.others()).get('MNP')?.accepted === told ? true : undefined),
          () => `report ${told} of ${teller.id} to be heard`,
        )
      }
    }
    await eventually(
      () => a.control.hears() || undefined,
      () => 'a to hear itself',
    )
    assert.equal(a.control.speaks(), true)
    await a.link.stop()
    assert.equal(a.control.speaks(), false)
    // Its last report may still have been on its way back.
    await a.clock.advance(1_500)
    assert.equal(a.control.hears(), true)
    await a.clock.advance(2_000)
    assert.equal(a.control.hears(), false)
    assert.deepEqual(idsOf(a.control), ['a', 'b'])
  })

  test('under a memory alarm the connection lives and no report passes: deaf at once, and not after it', async (t) => {
    const queueName = newQueueName()
    const a = await process(t, queueName, 'a')
    await process(t, queueName, 'b')
    /** A second at a time, each with a report. */
    const seconds = <T>(until: () => T | undefined, what: string) =>
      eventually(
        async () => {
          await a.clock.advance(1_000)
          return until()
        },
        () => what,
      )
    const hears = () => a.control.hears() || undefined
    await seconds(hears, 'it to hear itself')
    await shared().raiseMemoryAlarm()
    try {
      await seconds(() => a.link.blocked, 'the broker to say why')
      await seconds(() => !a.control.hears() || undefined, 'it to know that it is deaf')
      assert.equal(a.link.up, true)
    } finally {
      await shared().clearMemoryAlarm()
    }
    await eventually(
      () => (a.link.blocked === undefined ? true : undefined),
      () => 'the end of the alarm to be told',
    )
    await seconds(hears, 'it to hear itself again')
  })

  test('totals never fall, whoever goes, and one that comes back counts once', async (t) => {
    const queueName = newQueueName()
    const a = await process(t, queueName, 'a')
    const b = await process(t, queueName, 'b')
    const c = await process(t, queueName, 'c')
    a.tallies = { MNP: { ...ZERO, accepted: 100 } }
    b.tallies = { MNP: { ...ZERO, done: 30, inFlight: 5, buffered: 7 } }
    c.tallies = { MNP: { ...ZERO, done: 12, inFlight: 2 } }
    await tellAll([a, b, c])
    // The first reports of all, without tallies, may be heard before these.
    await eventually(
      () => (total(a)?.done === 42 ? true : undefined),
      () => `42 done, not ${JSON.stringify(total(a))}`,
    )
    assert.deepEqual(total(a), { ...ZERO, accepted: 100, done: 42, inFlight: 7, buffered: 7 })
    // Its last word counts, though it was said between two reports.
    b.tallies = { MNP: { ...ZERO, done: 35 } }
    await b.control.stop()
    await sees(a, ['a', 'c'])
    assert.deepEqual(total(a), { ...ZERO, accepted: 100, done: 47, inFlight: 2 })
    // Silent, then here again with more.
    await a.clock.advance(6_000)
    assert.deepEqual(total(a), { ...ZERO, accepted: 100, done: 47 })
    c.tallies = { MNP: { ...ZERO, done: 20 } }
    await tellAll([c])
    await sees(a, ['a', 'c'])
    await eventually(
      () => (total(a)?.done === 55 ? true : undefined),
      () => `55 done, not ${JSON.stringify(total(a))}`,
    )
  })

  test('garbage in the exchange hurts nobody and makes no member', async (t) => {
    const queueName = newQueueName()
    const a = await process(t, queueName, 'a')
    const connection = await connect(shared().url)
    t.after(() => connection.close())
    const channel = await connection.createConfirmChannel()
    const good = {
      v: 1,
      id: 'x',
      pid: 1,
      host: 'h',
      startedAt: 1,
      details: DETAILS,
      tallies: {},
      leaving: false,
    }
    const bad: unknown[] = [
      { ...good, v: 2 },
      { ...good, id: 7 },
      { ...good, id: 'x'.repeat(300) },
      { ...good, details: { ...DETAILS, role: 'boss' } },
      {
        ...good,
        details: { ...DETAILS, lanes: [{ type: 'MNP', slots: -1, running: 0, breaker: 'closed' }] },
      },
      { ...good, tallies: { MNP: { done: 'many' } } },
      { ...good, tallies: { MNP: { done: -1 } } },
      [],
      null,
    ]
    const bodies = [
      ...bad.map((one) => Buffer.from(JSON.stringify(one))),
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.alloc(REPORT_BYTES + 1, 'x'),
      Buffer.from(JSON.stringify({ ...good, id: 'last' })),
    ]
    for (const body of bodies) channel.publish(namesOf(queueName).control, '', body)
    await channel.waitForConfirms()
    await sees(a, ['a', 'last'])
  })

  test('a restart of the broker costs a few reports and nothing else', async (t) => {
    const queueName = newQueueName()
    const a = await process(t, queueName, 'a')
    const b = await process(t, queueName, 'b')
    await tellAll([a, b])
    await sees(a, ['a', 'b'])
    await shared().stop('kill')
    await tellAll([a, b])
    await shared().restart()
    await a.clock.advance(6_000)
    await eventually(
      async () => {
        await tellAll([b])
        return idsOf(a.control).length === 2 ? true : undefined
      },
      () => 'both to see each other again',
    )
  })
})
