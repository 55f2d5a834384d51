/** Who gets a frame when: the near every second, the far seldom, nobody twice the same, no slow one a pile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_DOOR, type Frame, NO_LINE, type Snapshot } from '../../../src/waiting-room/index.ts'
// The audience is no part of the door: what it decides shows on the wire only over minutes.
import { Audience, type Member } from '../../../src/waiting-room/sockets/audience.ts'
import type { RoomSocket } from '../../../src/waiting-room/sockets/protocol.ts'

function snapshot(more: Partial<Frame> = {}): Snapshot {
  const frame: Frame = {
    event: '1',
    epoch: 1,
    serving: 0,
    next: 10_000,
    returned: 0,
    departed: [],
    waiting: 10_000,
    active: 0,
    cap: 10,
    ratePerMinute: 0,
    mode: 'open',
    limitedBy: 'cap',
    opensAt: null,
    at: 0,
    ...more,
  }
  return { frame, counts: NO_LINE, door: DEFAULT_DOOR }
}

function listener(audience: Audience, ticket: number) {
  const transport = { writable: true }
  const socket = {
    id: `s${ticket}`,
    data: { visitor: `v${ticket}` },
    conn: { transport },
  } as unknown as RoomSocket
  const member: Member = audience.add(socket)
  member.ticket = ticket
  member.state = 'waiting'
  return { member, transport }
}

/** How many frames each gets in two minutes in which the line moves every second. */
function framesIn(tickets: readonly number[], perSecond: number): number[] {
  const audience = new Audience('1')
  const flow = { perSecond, variance: 0, live: 1 }
  for (const ticket of tickets) listener(audience, ticket)
  const counts = new Map<string, number>()
  for (let at = 0; at < 120_000; at += 1_000) {
    audience.adopt(snapshot({ at, active: at }), flow)
    for (const { id } of audience.due(at, () => 0.5)) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return tickets.map((ticket) => counts.get(`s${ticket}`) ?? 0)
}

test('near every second, the middle every five, the far ones every 15 to 20', () => {
  assert.deepEqual(framesIn([1, 100, 101, 1_000, 1_001, 10_000], 0), [120, 120, 24, 24, 7, 7])
})

test('with a fast line more people are near: it is the wait that counts', () => {
  assert.deepEqual(framesIn([1_200, 1_201, 6_000, 6_001], 10), [120, 24, 24, 7])
})

test('a frame that says nothing new is repeated seldom', () => {
  const audience = new Audience('1')
  listener(audience, 1)
  let frames = 0
  for (let at = 0; at < 60_000; at += 1_000) {
    audience.adopt(snapshot({ at }), undefined)
    frames += audience.due(at, () => 0.5).length
  }
  assert.equal(frames, 4)
})

test('a door that opens or a line that is cleared is told everybody at once', () => {
  const audience = new Audience('1')
  listener(audience, 10_000)
  audience.adopt(snapshot(), undefined)
  assert.equal(audience.due(0, () => 0.5).length, 1)
  audience.adopt(snapshot({ at: 1_000, active: 1 }), undefined)
  assert.equal(audience.due(1_000, () => 0.5).length, 0)
  for (const [at, change] of [
    [2_000, { mode: 'paused' }],
    [3_000, { mode: 'paused', epoch: 2 }],
  ] as const) {
    audience.adopt(snapshot({ at, ...change }), undefined)
    assert.equal(audience.due(at, () => 0.5).length, 1)
  }
})

test('who does not read gets no pile of frames, and the newest one afterwards', () => {
  const audience = new Audience('1')
  const { transport, member } = listener(audience, 1)
  transport.writable = false
  for (let at = 0; at < 10_000; at += 1_000) {
    audience.adopt(snapshot({ at, active: at }), undefined)
    assert.deepEqual(
      audience.due(at, () => 0.5),
      [],
    )
  }
  transport.writable = true
  assert.deepEqual(
    audience.due(10_000, () => 0.5),
    [member.socket],
  )
})

test('an older answer that comes late changes nothing', () => {
  const audience = new Audience('1')
  audience.adopt(snapshot({ at: 2_000, serving: 5 }), undefined)
  audience.adopt(snapshot({ at: 1_000, serving: 4 }), undefined)
  assert.equal(audience.message?.serving, 5)
})

test('the line is asked once for all at the same time, and again when it moved or failed', async () => {
  const audience = new Audience('1')
  let asked = 0
  let fail: (error: Error) => void = () => {}
  const ask = () => {
    asked++
    return new Promise<void>((_, reject) => {
      fail = reject
    })
  }
  const both = [audience.ask(0, ask), audience.ask(0, ask)]
  assert.equal(asked, 1)
  audience.moved()
  const after = audience.ask(0, async () => audience.adopt(snapshot(), undefined))
  fail(new Error('away'))
  for (const { status } of await Promise.allSettled(both)) assert.equal(status, 'rejected')
  await after
  assert.equal(audience.isStale(1), true, 'the one that failed said nothing')
  await audience.ask(1, async () => audience.adopt(snapshot({ at: 1 }), undefined))
  assert.equal(audience.isStale(2), false)
  assert.equal(audience.isStale(10_000), true)
})
