/** Settings: where each comes from, what each may be, and the one line when it may not. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { staleDocuments } from '../../scripts/generate.ts'
import {
  describeSettings,
  loadSettings,
  maskedConfig,
  NAMES,
  resolveSettings,
  type SettingName,
} from '../../src/app/index.ts'
import { WeirError } from '../../src/core/index.ts'

interface Row {
  readonly env: string
  readonly fallback: unknown
  readonly good: readonly [text: string, value: unknown]
  readonly bad: string
  /** What has to be set together with it. */
  readonly beside?: Readonly<Record<string, string>>
}

const SECRET = 'kT9-vQ2-mZ7-pL4-xR8-nB3-wY6-cD1-fH5'
const HOSTED = { HOST_JWT_ISSUER: 'x', HOST_JWT_AUDIENCE: 'y', HOST_JWT_JWKS_URL: 'https://z' }

/** Written out again from the contract, so that a slip in the table shows. The type forbids gaps. */
const ROWS: Readonly<Record<SettingName, Row>> = {
  apiPort: { env: 'API_PORT', fallback: 8000, good: ['8123', 8123], bad: '65536' },
  host: {
    env: 'HOST',
    fallback: '127.0.0.1',
    good: ['0.0.0.0', '0.0.0.0'],
    bad: 'a b',
    beside: { ROOM_PORT: 'off' },
  },
  engine: { env: 'QUEUE_ENGINE', fallback: 'auto', good: ['Embedded', 'embedded'], bad: 'kafka' },
  dataDir: { env: 'DATA_DIR', fallback: './data', good: ['/x', '/x'], bad: '  ' },
  queueName: { env: 'QUEUE_NAME', fallback: 'bss_single_queue', good: ['q.1', 'q.1'], bad: 'a queue' },
  defaultLanguage: { env: 'DEFAULT_LANGUAGE', fallback: 'en', good: ['KO', 'ko'], bad: 'fr' },
  logLevel: { env: 'LOG_LEVEL', fallback: 'INFO', good: ['warning', 'WARN'], bad: 'LOUD' },
  logFormat: { env: 'LOG_FORMAT', fallback: 'auto', good: ['json', 'json'], bad: 'xml' },
  monitoringEnabled: { env: 'MONITORING_ENABLED', fallback: true, good: ['off', false], bad: 'maybe' },
  metricsPort: { env: 'METRICS_PORT', fallback: 'off', good: ['9090', 9090], bad: '-1' },
  healthCheckPort: { env: 'HEALTH_CHECK_PORT', fallback: 'off', good: ['OFF', 'off'], bad: '80.5' },
  consumerTypes: { env: 'SERVICE_TYPE', fallback: undefined, good: ['mnp', 'mnp'], bad: ' ' },
  concurrency: { env: 'CONCURRENCY', fallback: 10, good: ['5', 5], bad: '0' },
  ratePerSecond: { env: 'RATE_PER_SECOND', fallback: 0, good: ['0.5', 0.5], bad: '-1' },
  maxBacklogSeconds: { env: 'MAX_BACKLOG_SECONDS', fallback: 0, good: ['60', 60], bad: 'long' },
  maxRetries: { env: 'MAX_RETRIES', fallback: 3, good: ['0', 0], bad: '1.5' },
  retryDelayMs: { env: 'RETRY_DELAY_MS', fallback: 5000, good: ['1', 1], bad: '5s' },
  processingTimeoutSec: { env: 'PROCESSING_TIMEOUT_SEC', fallback: 300, good: ['0.5', 0.5], bad: '0' },
  messageTtl: { env: 'MESSAGE_TTL', fallback: 0, good: ['3600000', 3_600_000], bad: '-5' },
  batchSize: { env: 'BATCH_SIZE', fallback: 100, good: ['1000', 1000], bad: '1001' },
  consumerPrefetchCount: { env: 'CONSUMER_PREFETCH_COUNT', fallback: 10, good: ['20', 20], bad: '0x10' },
  retentionHours: { env: 'RETENTION_HOURS', fallback: 24, good: ['0', 0], bad: '-1' },
  diskReserveMb: { env: 'DISK_RESERVE_MB', fallback: 64, good: ['128', 128], bad: '0' },
  drainTimeoutSec: { env: 'DRAIN_TIMEOUT_SEC', fallback: 25, good: ['5', 5], bad: '601' },
  backendSpeed: { env: 'BACKEND_SPEED', fallback: 1, good: ['0', 0], bad: '-1' },
  backendCapacity: { env: 'BACKEND_CAPACITY', fallback: 100, good: ['7', 7], bad: '0' },
  backendSlots: { env: 'BACKEND_SLOTS', fallback: 0, good: ['40', 40], bad: '-1' },
  backendSeed: { env: 'BACKEND_SEED', fallback: 1, good: ['42', 42], bad: '1.5' },
  autoScalingEnabled: { env: 'AUTO_SCALING_ENABLED', fallback: true, good: ['false', false], bad: '2' },
  minReplicas: { env: 'MIN_REPLICAS', fallback: 1, good: ['2', 2], bad: '0' },
  maxReplicas: { env: 'MAX_REPLICAS', fallback: 10, good: ['20', 20], bad: '0' },
  targetCpuUtilization: { env: 'TARGET_CPU_UTILIZATION', fallback: 70, good: ['80', 80], bad: '101' },
  queueTopology: { env: 'QUEUE_TOPOLOGY', fallback: 'per-type', good: ['single', 'single'], bad: 'star' },
  scaleDownWindowSeconds: { env: 'SCALE_DOWN_WINDOW_SECONDS', fallback: 300, good: ['20', 20], bad: '0' },
  drainTargetSeconds: { env: 'DRAIN_TARGET_SECONDS', fallback: 60, good: ['5', 5], bad: '0' },
  rabbitmqQueueType: { env: 'RABBITMQ_QUEUE_TYPE', fallback: 'auto', good: ['classic', 'classic'], bad: 'x' },
  orderingShards: { env: 'ORDERING_SHARDS', fallback: 4, good: ['0', 0], bad: '65' },
  confirmTimeoutMs: { env: 'CONFIRM_TIMEOUT_MS', fallback: 10_000, good: ['500', 500], bad: '99' },
  rabbitmqUrl: { env: 'RABBITMQ_URL', fallback: undefined, good: ['', undefined], bad: 'http://x' },
  redisUrl: { env: 'REDIS_URL', fallback: undefined, good: ['redis://r:1', 'redis://r:1'], bad: 'r:1' },
  roomPort: { env: 'ROOM_PORT', fallback: 3001, good: ['off', 'off'], bad: 'x' },
  queueThreshold: { env: 'QUEUE_THRESHOLD', fallback: 1000, good: ['10', 10], bad: '0' },
  queueProcessorInterval: {
    env: 'QUEUE_PROCESSOR_INTERVAL',
    fallback: 10_000,
    good: ['5000', 5000],
    bad: '1',
  },
  admitEarly: { env: 'ADMIT_EARLY', fallback: false, good: ['true', true], bad: 'soon' },
  roomRatePerMinute: { env: 'ROOM_RATE_PER_MINUTE', fallback: 0, good: ['600', 600], bad: '1.5' },
  roomFollowTypes: {
    env: 'ROOM_FOLLOW_TYPES',
    fallback: [],
    good: ['mnp, change', ['MNP', 'CHANGE']],
    bad: 'a b',
  },
  roomFollowWaitSec: { env: 'ROOM_FOLLOW_WAIT_SEC', fallback: 60, good: ['5', 5], bad: '0' },
  roomFollowMinPerMinute: { env: 'ROOM_FOLLOW_MIN_PER_MINUTE', fallback: 10, good: ['1', 1], bad: '0' },
  roomFollowMaxPerMinute: { env: 'ROOM_FOLLOW_MAX_PER_MINUTE', fallback: 6000, good: ['60', 60], bad: '0' },
  roomClaimSec: { env: 'ROOM_CLAIM_SEC', fallback: 120, good: ['60', 60], bad: '0' },
  roomLeaseSec: { env: 'ROOM_LEASE_SEC', fallback: 600, good: ['30', 30], bad: '10m' },
  roomHardEndSec: { env: 'ROOM_HARD_END_SEC', fallback: 3600, good: ['7200', 7200], bad: '604801' },
  roomGraceSec: { env: 'ROOM_GRACE_SEC', fallback: 60, good: ['5', 5], bad: '0' },
  roomParkedSec: { env: 'ROOM_PARKED_SEC', fallback: 900, good: ['5', 5], bad: '0' },
  roomAutoCreate: { env: 'ROOM_AUTO_CREATE', fallback: true, good: ['no', false], bad: 'x' },
  roomTicketsPerAddress: { env: 'ROOM_TICKETS_PER_ADDRESS', fallback: 0, good: ['9', 9], bad: '-1' },
  roomLoginsPerAddress: { env: 'ROOM_LOGINS_PER_ADDRESS', fallback: 0, good: ['9', 9], bad: '-1' },
  roomSockets: { env: 'ROOM_SOCKETS', fallback: 20_000, good: ['10', 10], bad: '0' },
  roomSocketsPerVisitor: { env: 'ROOM_SOCKETS_PER_VISITOR', fallback: 5, good: ['1', 1], bad: '0' },
  allowedOrigins: {
    env: 'ALLOWED_ORIGINS',
    fallback: [],
    good: ['https://a.example, http://b:80', ['https://a.example', 'http://b:80']],
    bad: '*',
  },
  trustedProxies: {
    env: 'TRUSTED_PROXIES',
    fallback: [],
    good: ['10.0.0.0/8,::1', ['10.0.0.0/8', '::1']],
    bad: 'everybody',
  },
  roomFailOpenMinutes: { env: 'ROOM_FAIL_OPEN_MINUTES', fallback: 0, good: ['5', 5], bad: '61' },
  roomFailOpenPerMinute: { env: 'ROOM_FAIL_OPEN_PER_MINUTE', fallback: 60, good: ['5', 5], bad: '0' },
  roomHashTag: { env: 'ROOM_HASH_TAG', fallback: undefined, good: ['room', 'room'], bad: '{room}' },
  jwtSecret: { env: 'JWT_SECRET', fallback: undefined, good: [SECRET, SECRET], bad: 'x'.repeat(40) },
  roomSessionHours: { env: 'ROOM_SESSION_HOURS', fallback: 12, good: ['1', 1], bad: '0' },
  adminEmail: {
    env: 'ADMIN_EMAIL',
    fallback: undefined,
    good: ['a@b', 'a@b'],
    bad: 'a',
    beside: { ADMIN_PASSWORD: 'Test1234!' },
  },
  adminPassword: {
    env: 'ADMIN_PASSWORD',
    fallback: undefined,
    good: ['Test1234!', 'Test1234!'],
    bad: 'short',
    beside: { ADMIN_EMAIL: 'a@b' },
  },
  passIssuer: { env: 'PASS_ISSUER', fallback: 'weir', good: ['https://room', 'https://room'], bad: 'a b' },
  hostJwtIssuer: {
    env: 'HOST_JWT_ISSUER',
    fallback: undefined,
    good: ['i', 'i'],
    bad: 'a b',
    beside: HOSTED,
  },
  hostJwtAudience: {
    env: 'HOST_JWT_AUDIENCE',
    fallback: undefined,
    good: ['a', 'a'],
    bad: 'a b',
    beside: HOSTED,
  },
  hostJwtJwksUrl: {
    env: 'HOST_JWT_JWKS_URL',
    fallback: undefined,
    good: ['https://h/k', 'https://h/k'],
    bad: 'ftp://h/k',
    beside: HOSTED,
  },
  hostJwtAlgorithms: {
    env: 'HOST_JWT_ALGORITHMS',
    fallback: ['RS256'],
    good: ['es256,EdDSA', ['ES256', 'EdDSA']],
    bad: 'HS256',
  },
  hostJwtAdminRole: { env: 'HOST_JWT_ADMIN_ROLE', fallback: undefined, good: ['ops', 'ops'], bad: 'a b' },
}

/** The one line that refuses. */
function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof WeirError, String(error))
    assert.equal(error.code, 'invalid_setting')
    assert.ok(!error.message.includes('\n'), 'more than one line')
    return error.message
  }
  return assert.fail('was accepted')
}

describe('each row of the table', () => {
  for (const name of NAMES) {
    const { env, fallback, good, bad, beside } = ROWS[name]
    test(env, () => {
      const untouched = resolveSettings({})
      assert.deepEqual(untouched[name], fallback)
      assert.equal(untouched.origins[name], 'default')
      const set = resolveSettings({ environment: { ...beside, [env]: good[0] } })
      assert.deepEqual(set[name], good[1])
      if (good[0] !== '') assert.equal(set.origins[name], 'environment')
      const line = refusal(() => resolveSettings({ environment: { [env]: bad } }))
      assert.ok(line.startsWith(`${env} must be `), line)
    })
  }
})

test('option before environment before file before default', () => {
  const file = { maxRetries: 1, apiPort: 1001, concurrency: 7 }
  const environment = { API_PORT: '1002', MAX_RETRIES: '2' }
  const settings = resolveSettings({ options: { apiPort: '1003' }, environment, file })
  const { apiPort, maxRetries, concurrency, batchSize, origins } = settings
  assert.deepEqual([apiPort, maxRetries, concurrency, batchSize], [1003, 2, 7, 100])
  const { apiPort: a, maxRetries: b, concurrency: c, batchSize: d } = origins
  assert.deepEqual([a, b, c, d], ['option', 'environment', 'file', 'default'])
})

const BROKER = 'amqp://u:p@r'

describe('contradictions and slips stop with one line', () => {
  const cases: [string, Parameters<typeof resolveSettings>[0], RegExp][] = [
    [
      'replicas',
      { environment: { MIN_REPLICAS: '5', MAX_REPLICAS: '2' } },
      /MIN_REPLICAS.*MAX_REPLICAS.*5 and 2/,
    ],
    [
      'slots fewer than one process calls',
      { environment: { BACKEND_SLOTS: '9', RABBITMQ_URL: BROKER } },
      /BACKEND_SLOTS.*10.*found 9/,
    ],
    ['one port twice', { environment: { METRICS_PORT: '8000' } }, /METRICS_PORT must differ from API_PORT/],
    ['a broker without URL', { options: { engine: 'rabbitmq' } }, /^RABBITMQ_URL must be set/],
    ['a gateway without a broker', { role: 'gateway' }, /^RABBITMQ_URL must be set: the role gateway/],
    [
      'a consumer with the embedded engine',
      { role: 'consumer', environment: { RABBITMQ_URL: BROKER, QUEUE_ENGINE: 'embedded' } },
      /^QUEUE_ENGINE must be rabbitmq or auto: the role consumer/,
    ],
    [
      'a dedicated consumer where all types are in one queue',
      {
        role: 'consumer',
        environment: { RABBITMQ_URL: BROKER, QUEUE_TOPOLOGY: 'single', SERVICE_TYPE: 'MNP' },
      },
      /^MESSAGE_TYPE must be all: with QUEUE_TOPOLOGY=single/,
    ],
    ['a broker of another kind', { environment: { RABBITMQ_URL: 'redis://x' } }, /RABBITMQ_URL.*amqp:/],
    [
      'one port twice in a role',
      { role: 'consumer', environment: { RABBITMQ_URL: BROKER, METRICS_PORT: '8080' } },
      /^HEALTH_CHECK_PORT must differ from METRICS_PORT; both are 8080/,
    ],
    ['two spellings', { environment: { SERVICE_TYPE: 'MNP', MESSAGE_TYPE: 'CHANGE' } }, /contradict/],
    [
      'an unknown type',
      { environment: { PROCESSOR_TYPE: 'mpn' } },
      /PROCESSOR_TYPE.*SUBSCRIPTION.*found mpn/,
    ],
    ['an unknown key', { file: { maxRetrys: 3 } }, /unknown key maxRetrys \(did you mean maxRetries\?\)/],
    ['an environment name in the file', { file: { API_PORT: 1 } }, /did you mean apiPort/],
    ['an unknown option', { options: { speed: 1 } }, /unknown setting speed/],
    ['a type without handler', { file: { types: { INVOICE: {} } } }, /INVOICE.*needs a target/],
    [
      'a type with both',
      { file: { types: { X: { target: 'http://x', processor: 'bss:mnp' } } } },
      /not both/,
    ],
    ['a target that is no URL', { file: { types: { X: { target: 'ftp://x' } } } }, /target must be an http/],
    [
      'a slip in a type',
      { file: { types: { MNP: { ratePerSec: 1 } } } },
      /unknown key ratePerSec.*ratePerSecond/,
    ],
    [
      'a type out of range',
      { file: { types: { MNP: { concurrency: 0 } } } },
      /MNP.*concurrency must be a whole/,
    ],
    [
      'a shared alias',
      { file: { types: { X: { target: 'http://x', aliases: ['mnp'] } } } },
      /share the name MNP/,
    ],
    ['nothing to do', { file: { bss: false } }, /names no types/],
  ]
  for (const [name, sources, wanted] of cases) {
    test(name, () =>
      assert.match(
        refusal(() => resolveSettings(sources)),
        wanted,
      ),
    )
  }
})

test('the engine follows RABBITMQ_URL unless it is named', () => {
  const environment = { RABBITMQ_URL: BROKER }
  assert.equal(resolveSettings({}).engineName, 'embedded')
  assert.equal(resolveSettings({ environment }).engineName, 'rabbitmq')
  assert.equal(resolveSettings({ environment, options: { engine: 'embedded' } }).engineName, 'embedded')
  // In a gateway the type of its consumers is nobody's contradiction.
  const single = { ...environment, QUEUE_TOPOLOGY: 'single', SERVICE_TYPE: 'MNP' }
  assert.equal(resolveSettings({ role: 'gateway', environment: single }).queueTopology, 'single')
})

test('roles have defaults of their own, which yield like any other', () => {
  const environment = { RABBITMQ_URL: BROKER }
  for (const role of ['gateway', 'consumer'] as const) {
    const { host, metricsPort, healthCheckPort } = resolveSettings({ role, environment })
    assert.deepEqual([host, metricsPort, healthCheckPort], ['0.0.0.0', 9090, 8080])
    const off = { ...environment, METRICS_PORT: 'off', HEALTH_CHECK_PORT: '0', HOST: '127.0.0.1' }
    const own = resolveSettings({ role, environment: off })
    assert.deepEqual([own.host, own.metricsPort, own.healthCheckPort], ['127.0.0.1', 'off', 0])
  }
})

test('types: BSS stays unless told otherwise, an entry changes only what it gives', () => {
  const types = { INVOICE: { target: 'http://127.0.0.1:9/i', timeoutSeconds: 30 }, mnp: { ratePerSecond: 5 } }
  const both = resolveSettings({ environment: { CONCURRENCY: '4' }, file: { types } })
  const names = both.types.map(({ name }) => name)
  assert.deepEqual(names, ['SUBSCRIPTION', 'MNP', 'CHANGE', 'TERMINATION', 'INVOICE'])
  const mnp = both.types[1]
  assert.equal(mnp?.ratePerSecond, 5)
  assert.equal(mnp?.concurrency, 4)
  assert.deepEqual(mnp?.aliases, ['번호이동'])
  assert.equal(both.types[4]?.timeoutMs, 30_000)
  const alone = resolveSettings({ file: { bss: false, types: { INVOICE: types.INVOICE } } })
  assert.deepEqual(alone.consumed, ['INVOICE'])
  assert.deepEqual(resolveSettings({ environment: { SERVICE_TYPE: '번호이동, change' } }).consumed, [
    'MNP',
    'CHANGE',
  ])
})

test('secrets and passwords of URLs are masked wherever settings are shown', () => {
  const settings = resolveSettings({
    environment: {
      JWT_SECRET: 'hush-hush-hush-9f2kQ7xLmZ4vB1c-01',
      REDIS_URL: 'redis://me:sesame@host:1',
      ADMIN_EMAIL: 'a@b',
      ADMIN_PASSWORD: 'opensesame',
    },
    file: { types: { X: { target: 'http://u:sesame@h/?token=hush-hush' } } },
  })
  const shown = JSON.stringify([describeSettings(settings), maskedConfig(settings)])
  assert.doesNotMatch(shown, /hush|sesame/)
  assert.match(shown, /redis:\/\/me:\*\*\*@host/)
})

test('the file: WEIR_CONFIG and --config, and one line when it cannot be used', () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-settings-'))
  try {
    const config = join(dir, 'a.json')
    writeFileSync(config, '{"maxRetries": 9}')
    const settings = loadSettings({ environment: { WEIR_CONFIG: config } })
    assert.deepEqual([settings.maxRetries, settings.file], [9, config])
    assert.match(
      refusal(() => loadSettings({ config: join(dir, 'none.json'), environment: {} })),
      /ENOENT/,
    )
    writeFileSync(config, '{oops')
    assert.match(
      refusal(() => loadSettings({ config, environment: {} })),
      /is not JSON/,
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('the generated documents are as generated, and name every setting', () => {
  assert.deepEqual(staleDocuments(), [])
  const page = readFileSync('docs/reference/settings.md', 'utf8')
  for (const name of NAMES) assert.ok(page.includes(ROWS[name].env), name)
})

test('every password of several brokers is masked', () => {
  const RABBITMQ_URL = 'amqp://a:secret@one:1,amqp://b:hidden@two:2/v'
  const { rabbitmqUrl } = maskedConfig(resolveSettings({ environment: { RABBITMQ_URL } }))
  assert.equal(rabbitmqUrl, 'amqp://a:***@one:1,amqp://b:***@two:2/v')
})

test('a password is masked in a URL that cannot be taken apart, and in the refusal of a wrong one', () => {
  const shown = JSON.stringify(
    maskedConfig(resolveSettings({ environment: { REDIS_URL: 'redis://:p/ss@h:1' } })),
  )
  assert.doesNotMatch(shown, /p\/ss/)
  const wrong = () => resolveSettings({ environment: { REDIS_URL: 'http://user:hidden@h' } })
  assert.throws(wrong, (error: Error) => /REDIS_URL/.test(error.message) && !/hidden/.test(error.message))
})

test('words that every object knows are no values', () => {
  for (const [env, word] of [
    ['LOG_LEVEL', 'constructor'],
    ['MONITORING_ENABLED', 'constructor'],
  ] as const) {
    assert.throws(() => resolveSettings({ environment: { [env]: word } }), new RegExp(env))
  }
})
