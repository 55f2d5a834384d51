/** The load of people against real rooms: honest ones in the four scenarios and every mode, and rooms that lie. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  type RoomEvent,
  type RoomLoadOptions,
  type RoomLoadReport,
  SCENARIOS,
} from '../../../src/lab/index.ts'
import type { LineEngine } from '../../../src/waiting-room/index.ts'
import { eventually } from '../../fixtures/process.ts'
import { type LiveRoom, type LiveRoomOptions, liveRoom, loadRoom, lying } from './live-room.ts'

function kept(report: RoomLoadReport): RoomLoadReport {
  assert.deepEqual(report.verdict?.findings, [])
  assert.equal(report.verdict?.ok, true)
  assert.deepEqual(report.unmet, [])
  assert.equal(report.errors.not_listening, undefined, 'somebody never came to listen')
  return report
}

/** A load that stays until a tick shows so many at its door, however late the tick is, and then ends. */
async function stayedUntil(room: LiveRoom, shown: { waiting: number; inside: number }, users: number) {
  const controller = new AbortController()
  const onProgress: RoomLoadOptions['onProgress'] = ({ phase, waiting, inside }) => {
    if (phase === 'staying' && waiting === shown.waiting && inside === shown.inside) controller.abort()
  }
  const { signal } = controller
  return loadRoom(room, { users, holdMs: 3_600_000, serverPid: process.pid, onProgress, signal })
}

/** A room that is made to lie: what is found, and in what words. */
async function found(t: TestContext, options: LiveRoomOptions, more: Partial<RoomLoadOptions> = {}) {
  const { verdict } = await loadRoom(await liveRoom(t, options), more)
  assert.equal(verdict?.ok, false, 'nothing was found')
  return { kinds: Object.keys(verdict.counts), says: verdict.findings.map(({ says }) => says).join('\n') }
}

test('scenario 1: threshold 10, 15 users: ten in, five wait with their positions', async (t) => {
  const room = await liveRoom(t, { door: { cap: 10 }, hashing: true })
  const report = kept(await loadRoom(room, { threshold: 10 }))
  assert.deepEqual(SCENARIOS[1].unmet(report), [])
  const { visitors, positions, accounts, threshold, checkMs } = report
  assert.deepEqual([visitors.inside, visitors.waiting, visitors.direct, threshold], [10, 5, 10, 10])
  assert.deepEqual(
    positions.map(({ position }) => position),
    [1, 2, 3, 4, 5],
  )
  assert.deepEqual([accounts.loggedIn, accounts.registered, checkMs.count], [15, 15, 15])
  const counts = (await room.line.snapshot('1'))?.counts
  assert.deepEqual(
    [counts?.entered, counts?.waiting, counts?.admitted],
    [15, 0, 0],
    'all have left at the end',
  )
  assert.deepEqual(SCENARIOS[1].unmet({ ...report, positions: [] }).length, 1)
})

test('scenario 2: threshold 5, 20 users: five at a time, until all have been in', async (t) => {
  const room = await liveRoom(t, { door: { cap: 5 }, intervalMs: 700 })
  const report = kept(await loadRoom(room, { users: 20, mode: 'hold', holdMs: 150 }))
  assert.deepEqual(SCENARIOS[2].unmet(report), [])
  assert.deepEqual([report.visitors.done, report.verdict?.mostInside], [20, 5])
  assert.equal(report.waitMs.count, 15)
  assert.equal(
    report.batches.reduce((sum, size) => sum + size, 0),
    15,
  )
})

test('scenario 3: threshold 20, 100 users: 20 in, 80 wait; memory, CPU, frames and bytes are told', async (t) => {
  const room = await liveRoom(t, { door: { cap: 20 } })
  const report = kept(await stayedUntil(room, { waiting: 80, inside: 20 }, 100))
  assert.deepEqual(SCENARIOS[3].unmet(report), [])
  const { generator, server, sockets } = report
  assert.ok((generator.peakResidentBytes ?? 0) > 1e7 && generator.cores > 0)
  assert.ok((server?.peakResidentBytes ?? 0) > 1e7, 'asked of the operating system')
  assert.ok((sockets.framesPerWaiterSecond ?? 0) > 0 && (sockets.bytesPerWaiterSecond ?? 0) > 0)
  assert.ok(report.interrupted, 'the stay was shown')
})

test('scenario 4: all connections break and come back: everybody has the same place', async (t) => {
  const room = await liveRoom(t, { door: { cap: 10 } })
  const report = kept(await loadRoom(room, { mode: 'reconnect' }))
  assert.deepEqual(SCENARIOS[4].unmet(report), [])
  const { dropped, back, same, ahead, lost } = report.reconnect ?? {}
  assert.deepEqual([dropped, back, same, ahead, lost], [15, 15, 15, 0, 0])
  assert.equal(report.sockets.connects, 30)
})

test('abandon: a share goes without a word, and everybody else gets in', async (t) => {
  const door = { cap: 0, graceMs: 3_000, claimMs: 1_000 }
  const room = await liveRoom(t, { door, intervalMs: 100 })
  // Who is in cannot go without a word: the door opens at the first who went, when all who go have been chosen.
  let opened: Promise<unknown> | undefined
  const onEvent: RoomLoadOptions['onEvent'] = ({ kind }) => {
    if (kind === 'absent') opened ??= room.line.change('1', { cap: 4 })
  }
  const report = kept(await loadRoom(room, { users: 12, mode: 'abandon', holdMs: 100, onEvent }))
  await opened
  const { abandoned, admitted, waiting } = report.visitors
  assert.ok(abandoned >= 4, `${abandoned} went: they could not have kept every place`)
  assert.deepEqual([admitted + abandoned, waiting], [12, 0])
})

test('a second load finds its accounts, those who kept their places, and a threshold changed meanwhile', async (t) => {
  const room = await liveRoom(t, { door: { cap: 3 } })
  await loadRoom(room, { users: 5, keep: true })
  await room.line.change('1', { cap: 4 })
  const report = kept(await stayedUntil(room, { waiting: 2, inside: 4 }, 6))
  assert.deepEqual([report.accounts.registered, report.visitors.hadPlace], [1, 5])
  assert.deepEqual([report.visitors.inside, report.visitors.waiting, report.threshold], [4, 2, 4])
})

test('a room that limits logins is waited for, and it is said how long', async (t) => {
  const room = await liveRoom(t, { door: { cap: 10 }, loginsPerAddress: 120 })
  // Two tries for each who is new: 124 tries, of which 120 are taken at once and two a second then.
  const report = kept(await loadRoom(room, { users: 62 }))
  const { loggedIn, pausedSeconds, seconds } = report.accounts
  assert.equal(loggedIn, 62)
  const refused = report.errors.too_many_tries ?? 0
  assert.equal(pausedSeconds > 0, refused > 0)
  assert.ok(refused > 0 || 120 + 2 * seconds >= 124, `nobody was refused within ${seconds} s`)
})

test('an end that is asked for: the report is of what ran until then', async (t) => {
  const room = await liveRoom(t, { door: { cap: 10 } })
  const controller = new AbortController()
  const onProgress: RoomLoadOptions['onProgress'] = ({ phase }) => {
    if (phase === 'staying') controller.abort()
  }
  const report = await loadRoom(room, {
    holdMs: 3_600_000,
    durationMs: 7_200_000,
    onProgress,
    signal: controller.signal,
  })
  assert.equal(report.interrupted, true)
  assert.deepEqual([report.visitors.inside, report.visitors.waiting], [10, 5])
  await eventually(
    () => room.sockets.size === 0 || undefined,
    () => `${room.sockets.size} sockets are open`,
  )
})

test('L3: a room that lets in more than it says it does is found out', async (t) => {
  const line = (honest: LineEngine) =>
    lying(honest, {
      async snapshot(event) {
        const snapshot = await honest.snapshot(event)
        return snapshot && { ...snapshot, frame: { ...snapshot.frame, cap: 6 } }
      },
    })
  const { kinds, says } = await found(t, { door: { cap: 8 }, line })
  assert.deepEqual(kinds, ['over_admission'])
  assert.match(says, /is number 7 inside at once, and the threshold is 6/)
})

test('L6: a room whose frame for everybody names one of them is found out', async (t) => {
  let last = ''
  const line = (honest: LineEngine) =>
    lying(honest, {
      async enter(event, visitor) {
        last = visitor
        return honest.enter(event, visitor)
      },
      async snapshot(event) {
        const snapshot = await honest.snapshot(event)
        return snapshot && { ...snapshot, frame: Object.assign({ ...snapshot.frame }, { newest: last }) }
      },
    })
  const { kinds, says } = await found(t, { door: { cap: 3 }, line }, { users: 6 })
  assert.deepEqual(kinds, ['identity_leak'])
  assert.match(says, /queue-updated told visitor-\d+ the id of another: visitor-/)
})

test('L4: a room that gives another ticket, or a worse place, to those who come back is found out', async (t) => {
  for (const [lie, wanted] of [
    [{ ticket: 99 }, /had ticket \d+ and was given ticket 99/],
    [{ position: 5 }, /was number [1-4] and is number 5/],
    [{ state: 'none', position: 0 }, /has no place any more: none/],
  ] as const) {
    let asked = 0
    const line = (honest: LineEngine) =>
      lying(honest, {
        async status(event, visitor) {
          const visit = await honest.status(event, visitor)
          const isEarly = visit.state !== 'waiting' || ++asked <= 12
          return isEarly ? visit : { ...visit, ...lie }
        },
      })
    const { kinds, says } = await found(t, { door: { cap: 10 }, line }, { mode: 'reconnect', windowMs: 200 })
    assert.deepEqual(kinds, ['lost_place'], says)
    assert.match(says, wanted)
  }
})

test('L2: a room that gives a later visitor the lower ticket is found out', async (t) => {
  let entered = 0
  let first: string | undefined
  const placed = Promise.withResolvers<void>()
  const onEvent: RoomLoadOptions['onEvent'] = ({ kind }) => {
    if (kind === 'placed') placed.resolve()
  }
  const line = (honest: LineEngine) =>
    lying(honest, {
      async enter(event, visitor) {
        const result = await honest.enter(event, visitor)
        return result.kind === 'in'
          ? { ...result, visit: { ...result.visit, ticket: 1_000 - ++entered } }
          : result
      },
      async status(event, visitor) {
        first ??= visitor
        // All others ask for their place when the first has been told his.
        if (visitor !== first) await placed.promise
        const { ticket: _, ...visit } = await honest.status(event, visitor)
        return visit
      },
    })
  const { kinds, says } = await found(t, { door: { cap: 0 }, line }, { users: 5, onEvent })
  assert.deepEqual(kinds, ['order'])
  assert.match(says, /had been given ticket 999 when \S+ asked and got 998/)
})

test('L5: a room that has stopped letting people in, with places free, is found out', async (t) => {
  const room = await liveRoom(t, { door: { cap: 2 } })
  await room.processor.stop()
  const report = await loadRoom(room, { users: 5, mode: 'hold', holdMs: 100, patienceMs: 1_500 })
  assert.deepEqual(Object.keys(report.verdict?.counts ?? {}), ['never_admitted'])
  assert.match(
    report.verdict?.findings[0]?.says ?? '',
    /was there to the end|waits although 2 places were free/,
  )
})

test('the history that is written down leads to the same verdict', async (t) => {
  const events: RoomEvent[] = []
  const room = await liveRoom(t, { door: { cap: 3 } })
  const report = kept(
    await loadRoom(room, { users: 8, mode: 'hold', holdMs: 50, onEvent: (event) => events.push(event) }),
  )
  const { RoomAuditor } = await import('../../../src/lab/index.ts')
  const auditor = new RoomAuditor({ patienceMs: 20_000 })
  for (const event of JSON.parse(JSON.stringify(events)) as RoomEvent[]) auditor.see(event)
  const verdict = auditor.verdict({ everybody: true, at: Date.now() })
  assert.deepEqual([verdict.ok, verdict.admitted], [true, report.verdict?.admitted])
})
