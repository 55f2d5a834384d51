/** The waiting room's metrics: what a scrape shows is what the line has. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVENT_LABELS, RoomMetrics } from '../../src/monitoring/index.ts'
import { DEFAULT_DOOR, type LineCounts, NO_LINE } from '../../src/waiting-room/index.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'

const now = (event: string, counts: Partial<LineCounts>, cap = 10) => ({
  event,
  counts: { ...NO_LINE, ...counts },
  door: { ...DEFAULT_DOOR, cap },
})

const FIGURES = {
  startSeconds: 1_700_000_000,
  cpuSeconds: 5,
  residentBytes: 100,
  heapUsedBytes: 50,
  lagSeconds: { mean: 1, p99: 2, max: 3 },
}

function metrics(monitoring = { enabled: true }, healthy = () => true) {
  const clock = new FakeClock()
  const made = new RoomMetrics({
    monitoring,
    sockets: () => 7,
    healthy,
    probe: { read: () => FIGURES },
    clock,
  })
  const value = async (series: string): Promise<number | undefined> => {
    const { body } = await made.text()
    const line = body.split('\n').find((one) => one.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length + 1))
  }
  return { clock, made, value }
}

test('lengths, totals and waits of each event', async () => {
  const { clock, made, value } = metrics()
  const counts = {
    entered: 12,
    waiting: 4,
    parked: 1,
    ready: 2,
    admitted: 3,
    done: 2,
    departed: 7,
    missed: 1,
  }
  made.sample([now('a', counts)])
  const at = clock.now()
  const called = (waitMs: number) => ({ visitor: 'v', ticket: 1, claimBy: at, enteredAt: at - waitMs })
  made.called('a', [called(800), called(45_000)])
  const wanted: Record<string, number> = {
    'bss_room_waiting{event="a"}': 4,
    'bss_room_parked{event="a"}': 1,
    'bss_room_ready{event="a"}': 2,
    'bss_room_active{event="a"}': 5,
    'bss_room_threshold{event="a"}': 10,
    'bss_room_entered_total{event="a"}': 12,
    'bss_room_admissions_total{event="a"}': 7,
    'bss_room_parked_total{event="a"}': 1,
    'bss_room_unaccounted_visitors{event="a"}': 0,
    'bss_room_wait_seconds_bucket{le="1",event="a"}': 1,
    'bss_room_wait_seconds_bucket{le="60",event="a"}': 2,
    'bss_room_wait_seconds_count{event="a"}': 2,
    bss_room_sockets: 7,
    bss_room_over_admissions_total: 0,
  }
  for (const [series, number] of Object.entries(wanted)) assert.equal(await value(series), number, series)
  made.sample([now('a', { ...counts, entered: 13 })])
  assert.equal(await value('bss_room_unaccounted_visitors{event="a"}'), 1, 'a loss shows')
})

test('L3: a place above the threshold is counted once; a threshold that was lowered puts nobody above it', async () => {
  const { made, value } = metrics()
  const over = () => value('bss_room_over_admissions_total')
  made.sample([now('a', { admitted: 12 })])
  assert.equal(await over(), 0, 'who was inside before the first look')
  made.sample([now('a', { admitted: 10 })])
  made.sample([now('a', { ready: 1, admitted: 10 })])
  assert.equal(await over(), 1)
  made.sample([now('a', { admitted: 11 })])
  assert.equal(await over(), 1)
  made.sample([now('a', { admitted: 9 })])
  made.sample([now('a', { admitted: 9 }, 5)])
  made.sample([now('a', { admitted: 7 }, 5)])
  assert.equal(await over(), 1, 'they may stay')
  made.sample([now('a', { admitted: 8 }, 5)])
  assert.equal(await over(), 2, 'nobody may come')
})

test('events beyond the bound share one label, and none is left out', async () => {
  const { made, value } = metrics()
  const events = Array.from({ length: EVENT_LABELS + 30 }, (_, i) => now(`e${i}`, { waiting: 2 }))
  made.sample(events)
  made.sample(events.toReversed())
  const { body } = await made.text()
  assert.equal(body.match(/^bss_room_waiting\{/gm)?.length, EVENT_LABELS + 1)
  assert.equal(await value('bss_room_waiting{event="_others"}'), 60)
})

test('the process tells about itself, and not where another registry does', async () => {
  const { made, value } = metrics()
  assert.deepEqual(
    [await value('bss_process_cpu_seconds_total'), await value('bss_process_memory_bytes{kind="resident"}')],
    [5, 100],
  )
  assert.doesNotMatch(await made.roomText(), /bss_process|bss_monitoring|bss_service/)
})

test('with monitoring off only switch and health remain', async () => {
  const { made, clock } = metrics({ enabled: false }, () => false)
  made.sample([now('a', { admitted: 3 })])
  made.called('a', [{ visitor: 'v', ticket: 1, claimBy: 0, enteredAt: clock.now() }])
  assert.equal(await made.roomText(), '')
  const { body } = await made.text()
  const series = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  assert.deepEqual(series, [
    'bss_monitoring_enabled 0',
    'bss_service_health{service_name="waiting-room",service_type="room"} 0',
  ])
})
