/** The Prometheus text: names, labels and buckets that others' dashboards rely on (CONTRACT section 5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../src/core/index.ts'
import { DocumentSwitchStore, type LaneNow, Metrics, MonitoringSwitch } from '../../src/monitoring/index.ts'
import {
  type Abilities,
  type Member,
  type StateCounts,
  type TypeDepth,
  unaccounted,
} from '../../src/queue/index.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'
import { MemoryEffects } from '../fixtures/memory-effects.ts'
import { chances, fc, seed } from '../fixtures/seed.ts'

const COUNTS: StateCounts = {
  accepted: 20,
  ready: 5,
  inFlight: 2,
  delayed: 1,
  done: 7,
  rejected: 2,
  dead: 1,
  expired: 1,
  deleted: 0,
  departed: 14,
}

const ABILITIES: Abilities = {
  priority: true,
  orderingKey: true,
  delay: true,
  idempotency: true,
  browse: true,
  position: true,
  uniqueIds: true,
  exactCounts: true,
}

async function world() {
  const clock = new FakeClock()
  const state = {
    open: true,
    cpuSeconds: 12.5,
    counts: COUNTS,
    exactCounts: true,
    unrouted: undefined as number | undefined,
    members: [] as Member[],
  }
  const store = new DocumentSwitchStore(new MemoryEffects())
  const monitoring = await MonitoringSwitch.load({ store, environment: true, clock, logger: silentLogger })
  const lanes: LaneNow[] = [
    {
      type: 'MNP',
      consumers: 1,
      running: 2,
      concurrencyLimit: 10,
      ratePerSecond: 0,
      timeoutMs: 1,
      pausedUntil: 0,
      breaker: 'half_open',
    },
  ]
  const metrics = new Metrics({
    queueName: 'bss_single_queue',
    clock,
    monitoring,
    lanes: () => lanes,
    flow: { rates: () => ({ inPerSecond: 3, outPerSecond: 2.5 }) },
    services: () => [
      { name: 'bss-producer', type: 'gateway', healthy: true },
      { name: 'mnp-processor', type: 'processor', healthy: false },
    ],
    probe: {
      read: () => ({
        startSeconds: 1_700_000_000.25,
        cpuSeconds: state.cpuSeconds,
        residentBytes: 100,
        heapUsedBytes: 50,
        lagSeconds: { mean: 0.001, p99: 0.002, max: 0.003 },
      }),
    },
    fleet: { members: () => state.members },
    unrouted: () => state.unrouted,
    engine: {
      get abilities() {
        return { ...ABILITIES, exactCounts: state.exactCounts }
      },
      counts: () =>
        new Map([
          ['MNP', state.counts],
          ['CHANGE', { ...COUNTS, accepted: 19, ready: 4 }],
        ]),
      depth: async () => {
        if (!state.open) throw new Error('closed')
        return new Map<string, TypeDepth>([
          ['MNP', { counts: COUNTS, oldestReadyAt: clock.now() - 4_500 }],
          ['CHANGE', { counts: COUNTS }],
          ['TERMINATION', { counts: { ...COUNTS, ready: 0 } }],
        ])
      },
    },
  })
  const lines = async () => (await metrics.text()).body.split('\n')
  return { metrics, monitoring, state, lines }
}

function finished(status: 'done' | 'rejected' | 'retry' | 'dead', durationMs = 300, outcome?: string) {
  const event = { kind: 'finished', type: 'MNP', processor: 'mnp-processor', status, durationMs } as const
  return outcome === undefined ? event : { ...event, outcome }
}

test('the metrics that are fixed from outside have exactly their names, labels and buckets', async () => {
  const { metrics, lines } = await world()
  metrics.consumer(finished('done', 300))
  metrics.consumer(finished('done', 1_000))
  metrics.consumer(finished('dead', 60_000))
  const text = await lines()
  const duration = 'bss_message_processing_duration_seconds'
  const labels = 'message_type="MNP",processor="mnp-processor"'
  for (const line of [
    '# TYPE bss_messages_processed_total counter',
    `bss_messages_processed_total{${labels},status="done"} 2`,
    `bss_messages_processed_total{${labels},status="dead"} 1`,
    `# TYPE ${duration} histogram`,
    `${duration}_bucket{le="0.1",${labels}} 0`,
    `${duration}_bucket{le="0.5",${labels}} 1`,
    `${duration}_bucket{le="1",${labels}} 2`,
    `${duration}_bucket{le="2",${labels}} 2`,
    `${duration}_bucket{le="5",${labels}} 2`,
    `${duration}_bucket{le="10",${labels}} 2`,
    `${duration}_bucket{le="+Inf",${labels}} 3`,
    `${duration}_sum{${labels}} 61.3`,
    `${duration}_count{${labels}} 3`,
    '# TYPE bss_queue_length gauge',
    'bss_queue_length{queue_name="bss_single_queue"} 11',
    'bss_queue_processing_rate{queue_name="bss_single_queue"} 5',
    'bss_monitoring_enabled 1',
    'bss_service_health{service_name="bss-producer",service_type="gateway"} 1',
    'bss_service_health{service_name="mnp-processor",service_type="processor"} 0',
  ]) {
    assert.ok(text.includes(line), `missing: ${line}\n${text.join('\n')}`)
  }
  assert.equal(text.filter((line) => line.startsWith(`${duration}_bucket`)).length, 7)
})

test('our own metrics tell the rest of the story', async () => {
  const { metrics, lines } = await world()
  metrics.consumer({ kind: 'started', type: 'MNP', waitMs: 500 })
  metrics.consumer(finished('done', 1, '이동완료'))
  metrics.consumer(finished('retry'))
  metrics.consumer({ kind: 'stale_settle', type: 'MNP' })
  metrics.gateway({ kind: 'accepted', type: 'MNP', count: 3 })
  metrics.gateway({ kind: 'refused', code: 'backlog_full', count: 2 })
  const text = await lines()
  const queue = 'queue_name="bss_single_queue",message_type="MNP"'
  for (const line of [
    'bss_message_retries_total{message_type="MNP"} 1',
    'bss_message_outcomes_total{message_type="MNP",outcome="이동완료"} 1',
    'bss_message_wait_seconds_bucket{le="1",message_type="MNP"} 1',
    'bss_messages_accepted_total{message_type="MNP"} 3',
    'bss_messages_refused_total{code="backlog_full"} 2',
    'bss_stale_settles_total{message_type="MNP"} 1',
    `bss_queue_messages{${queue},state="in_flight"} 2`,
    `bss_queue_messages{${queue},state="delayed"} 1`,
    `bss_dead_letters{${queue}} 1`,
    `bss_queue_unaccounted_messages{${queue}} 1`,
    'bss_queue_unaccounted_messages{queue_name="bss_single_queue",message_type="CHANGE"} 1',
    `bss_queue_oldest_message_age_seconds{${queue}} 4.5`,
    'bss_consumer_running{message_type="MNP"} 2',
    'bss_consumer_concurrency_limit{message_type="MNP"} 10',
    'bss_breaker_state{message_type="MNP"} 1',
    'bss_process_start_time_seconds 1700000000.25',
    'bss_process_cpu_seconds_total 12.5',
    'bss_process_memory_bytes{kind="resident"} 100',
    'bss_event_loop_lag_seconds{statistic="p99"} 0.002',
  ]) {
    assert.ok(text.includes(line), `missing: ${line}\n${text.join('\n')}`)
  }
  assert.ok(!text.some((line) => line.includes('status="retry"')), 'a retry has not processed the message')
})

test('two scrapes at once see the same; a scrape changes no count', async () => {
  const { metrics, lines } = await world()
  metrics.consumer(finished('done'))
  const [one, two] = await Promise.all([lines(), lines()])
  assert.deepEqual(one, two)
  assert.deepEqual(await lines(), one)
})

test('with monitoring off only the switch and health remain, and nothing is counted', async () => {
  const { metrics, monitoring, lines } = await world()
  const tell = monitoring.guard(metrics.consumer)
  tell(finished('done'))
  await monitoring.set(false)
  tell(finished('done'))
  assert.deepEqual(
    (await lines()).filter((line) => line !== '' && !line.startsWith('#')),
    [
      'bss_monitoring_enabled 0',
      'bss_service_health{service_name="bss-producer",service_type="gateway"} 1',
      'bss_service_health{service_name="mnp-processor",service_type="processor"} 0',
    ],
  )
  await monitoring.set(true)
  const line = 'bss_messages_processed_total{message_type="MNP",processor="mnp-processor",status="done"} 1'
  assert.ok((await lines()).includes(line))
})

test('an age that is not known is absent, and 0 only where nothing waits', async () => {
  const { lines } = await world()
  const age = (await lines()).filter((line) => line.startsWith('bss_queue_oldest_message_age_seconds{'))
  assert.deepEqual(age, [
    'bss_queue_oldest_message_age_seconds{queue_name="bss_single_queue",message_type="MNP"} 4.5',
    'bss_queue_oldest_message_age_seconds{queue_name="bss_single_queue",message_type="TERMINATION"} 0',
  ])
})

test('a store that cannot be read takes only the ages away', async () => {
  const { state, lines } = await world()
  state.open = false
  const text = await lines()
  assert.ok(text.includes('bss_monitoring_enabled 1'))
  assert.ok(!text.some((line) => line.startsWith('bss_queue_oldest_message_age_seconds{')))
})

test('two instances share nothing', async () => {
  const [one, two] = [await world(), await world()]
  one.metrics.consumer(finished('done'))
  assert.ok(!(await two.lines()).some((line) => line.startsWith('bss_messages_processed_total{')))
})

test('labels that the world chooses cannot grow the metrics without end', async () => {
  const { metrics, lines } = await world()
  for (let i = 0; i < 5_000; i++) metrics.consumer(finished('done', 1, `outcome ${i}`))
  const outcomes = (await lines()).filter((line) => line.startsWith('bss_message_outcomes_total{'))
  assert.equal(outcomes.length, 1_000)
})

const count = fc.nat(1_000)
/** The type forbids a gap: a new state of the queue has to be named here, and then the metric has to know it. */
const counts = fc.record<{ [key in keyof StateCounts]-?: number }>({
  accepted: count,
  ready: count,
  inFlight: count,
  delayed: count,
  done: count,
  rejected: count,
  dead: count,
  expired: count,
  deleted: count,
  departed: count,
})

test(`the exported conservation law is the queue's (seed ${seed})`, async () => {
  const { state, lines } = await world()
  const property = fc.asyncProperty(counts, async (drawn) => {
    state.counts = drawn
    const name = 'bss_queue_unaccounted_messages{queue_name="bss_single_queue",message_type="MNP"}'
    assert.ok((await lines()).includes(`${name} ${unaccounted(drawn)}`))
  })
  await fc.assert(property, chances(50))
})

test('the fleet: consumers that take, messages of unknown types, and no conservation law over hearsay', async () => {
  const { state, lines } = await world()
  const lanes = [{ type: 'MNP', slots: 10, running: 1, breaker: 'closed' as const }]
  const one = { id: '1', pid: 1, host: 'h', startedAt: 0, heardAt: 0, role: 'consumer' as const, lanes }
  state.members = [
    { ...one, draining: false },
    { ...one, id: '2', draining: false },
    { ...one, id: '3', draining: true },
    { ...one, id: '4', role: 'gateway', lanes: [], draining: false },
  ]
  const queue = 'queue_name="bss_single_queue"'
  const before = await lines()
  assert.ok(before.includes(`bss_consumers{${queue},message_type="MNP"} 2`))
  assert.ok(before.some((line) => line.startsWith('bss_queue_unaccounted_messages{')))
  assert.ok(!before.some((line) => line.startsWith('bss_unrouted_messages{')))
  state.exactCounts = false
  state.unrouted = 3
  const after = await lines()
  assert.ok(after.includes(`bss_unrouted_messages{${queue}} 3`))
  assert.ok(!after.some((line) => line.startsWith('bss_queue_unaccounted_messages{')))
})
