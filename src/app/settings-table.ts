/**
 * The one table of settings. README, docs/reference/settings.md, `weir config`, `GET /api/config` and the checks at
 * start all come from it. The key is the name in weir.config.json and in `--set`.
 */
import {
  choice,
  decimal,
  flag,
  integer,
  optionalPort,
  optionalText,
  port,
  type Setting,
  text,
} from './setting.ts'
import { ROOM_SETTINGS } from './settings-room.ts'

const url = (schemes: string) => new RegExp(`^(${schemes})://\\S+$`)

export const SETTINGS = {
  apiPort: port({ env: 'API_PORT', default: 8000, description: 'Port of the HTTP API.' }),
  host: text(/^[^\s/]+$/, 'an address or host name to listen on', {
    env: 'HOST',
    default: '127.0.0.1',
    inRoles: '0.0.0.0',
    description: 'Address that every listener binds; 0.0.0.0 = all interfaces.',
  }),
  engine: choice(['auto', 'embedded', 'rabbitmq'], {
    env: 'QUEUE_ENGINE',
    default: 'auto',
    description: 'What keeps the queue; auto = rabbitmq where RABBITMQ_URL is set, embedded otherwise.',
  }),
  dataDir: text(/\S/, 'a directory', {
    env: 'DATA_DIR',
    default: './data',
    description:
      'Where the embedded engine keeps its files; one process per directory; unused with a broker.',
  }),
  queueName: text(/^[\w.-]{1,100}$/, '1 to 100 letters, digits, dots, dashes or underscores', {
    env: 'QUEUE_NAME',
    default: 'bss_single_queue',
    description: 'Name of the logical queue, in answers and metrics; on a broker its objects begin with it.',
  }),
  defaultLanguage: choice(['en', 'ko'], {
    env: 'DEFAULT_LANGUAGE',
    default: 'en',
    description: 'Language of answers to requests that name none.',
  }),
  logLevel: choice(
    ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'SILENT'],
    { env: 'LOG_LEVEL', default: 'INFO', description: 'The least important log line that is written.' },
    { warning: 'WARN', critical: 'FATAL', off: 'SILENT' },
  ),
  logFormat: choice(['auto', 'pretty', 'json'], {
    env: 'LOG_FORMAT',
    default: 'auto',
    description: 'Log lines for people or for machines; auto = pretty on a terminal, JSON otherwise.',
  }),
  monitoringEnabled: flag({
    env: 'MONITORING_ENABLED',
    default: true,
    description: 'Whether metrics are measured from the start; can be switched while running.',
  }),
  metricsPort: optionalPort({
    env: 'METRICS_PORT',
    default: 'off',
    inRoles: 9090,
    description:
      'Extra port for /metrics (with an API they are on API_PORT too); 0 or off beside other consumers.',
  }),
  healthCheckPort: optionalPort({
    env: 'HEALTH_CHECK_PORT',
    default: 'off',
    inRoles: 8080,
    description:
      'Extra port for /health and /ready (with an API on API_PORT too); 0 or off beside other consumers.',
  }),
  consumerTypes: optionalText(/\S/, 'a message type, several with commas, or all', {
    env: ['MESSAGE_TYPE', 'SERVICE_TYPE', 'PROCESSOR_TYPE'],
    description: 'The types this process works on, any case; the others only wait here.',
  }),
  concurrency: integer(1, 10_000, {
    env: 'CONCURRENCY',
    default: 10,
    description: 'Messages of one type in processing at once; each type may have its own.',
  }),
  ratePerSecond: decimal(0, 1_000_000, {
    env: 'RATE_PER_SECOND',
    default: 0,
    unit: 'messages/s',
    description: 'Output pace of each type; 0 = no limit; each type may have its own.',
  }),
  maxBacklogSeconds: decimal(0, 31_536_000, {
    env: 'MAX_BACKLOG_SECONDS',
    default: 0,
    unit: 's',
    description: 'New messages get 429 while the predicted wait of their type is longer; 0 = never.',
  }),
  maxRetries: integer(0, 100, {
    env: 'MAX_RETRIES',
    default: 3,
    description: 'Retries after the first failed attempt before a message is a dead letter.',
  }),
  retryDelayMs: integer(0, 600_000, {
    env: 'RETRY_DELAY_MS',
    default: 5000,
    unit: 'ms',
    description: 'Pause before the first retry; doubles with each further one, with jitter.',
  }),
  processingTimeoutSec: decimal(0.001, 86_400, {
    env: 'PROCESSING_TIMEOUT_SEC',
    default: 300,
    unit: 's',
    description: 'An attempt that takes longer is taken back and retried.',
  }),
  messageTtl: integer(0, 31_536_000_000, {
    env: 'MESSAGE_TTL',
    default: 0,
    unit: 'ms',
    description: 'Messages that waited longer expire, unless they say otherwise; 0 = never.',
  }),
  batchSize: integer(1, 1000, {
    env: 'BATCH_SIZE',
    default: 100,
    description: 'Messages per request of `weir send`.',
  }),
  consumerPrefetchCount: integer(1, 10_000, {
    env: 'CONSUMER_PREFETCH_COUNT',
    default: 10,
    description:
      'Most messages taken ahead of free slots (or the concurrency, if more); the measured need decides.',
  }),
  retentionHours: decimal(0, 87_600, {
    env: 'RETENTION_HOURS',
    default: 24,
    unit: 'h',
    description: 'How long finished messages can still be looked up.',
  }),
  diskReserveMb: integer(1, 1_048_576, {
    env: 'DISK_RESERVE_MB',
    default: 64,
    unit: 'MiB',
    description: 'New messages are refused with 507 while less is free on the disk of DATA_DIR.',
  }),
  drainTimeoutSec: decimal(0, 600, {
    env: 'DRAIN_TIMEOUT_SEC',
    default: 25,
    unit: 's',
    description: 'How long a stop waits for messages in processing before it gives them back.',
  }),
  backendSpeed: decimal(0, 1000, {
    env: 'BACKEND_SPEED',
    default: 1,
    description:
      'Simulated legacy back end: factor on its service times; 0.1 = a tenth of them, 0 = at once.',
  }),
  backendCapacity: integer(1, 100_000, {
    env: 'BACKEND_CAPACITY',
    default: 100,
    description: 'Simulated legacy back end: requests at once before it slows down and fails.',
  }),
  backendSeed: integer(0, 4_294_967_295, {
    env: 'BACKEND_SEED',
    default: 1,
    description: 'Simulated legacy back end: seed of its chances.',
  }),
  autoScalingEnabled: flag({
    env: 'AUTO_SCALING_ENABLED',
    default: true,
    description: 'Whether the number of consumers follows the load; false = MIN_REPLICAS of each type.',
  }),
  minReplicas: integer(1, 1000, {
    env: 'MIN_REPLICAS',
    default: 1,
    description: 'Fewest consumers of a type.',
  }),
  maxReplicas: integer(1, 1000, {
    env: 'MAX_REPLICAS',
    default: 10,
    description: 'Most consumers of a type.',
  }),
  targetCpuUtilization: integer(1, 100, {
    env: 'TARGET_CPU_UTILIZATION',
    default: 70,
    unit: '%',
    description:
      'Processor load that a consumer process should have at most; more of them are started above it.',
  }),
  drainTargetSeconds: integer(1, 86_400, {
    env: 'DRAIN_TARGET_SECONDS',
    default: 60,
    unit: 's',
    description: 'How soon a backlog should be worked off: so many consumers are wanted.',
  }),
  scaleDownWindowSeconds: integer(1, 3600, {
    env: 'SCALE_DOWN_WINDOW_SECONDS',
    default: 300,
    unit: 's',
    description:
      'Fewer consumers must have been enough for so long before one goes, and then one goes every twentieth of it.',
  }),
  backendSlots: integer(0, 1_000_000, {
    env: 'BACKEND_SLOTS',
    default: 0,
    unit: 'calls',
    description:
      'Calls at once that the back end of a type bears from all consumer processes together: the scaler wants no ' +
      'more of them than fit; 0 = not known.',
  }),
  queueTopology: choice(['per-type', 'single'], {
    env: 'QUEUE_TOPOLOGY',
    default: 'per-type',
    description: 'Queues on a broker: one for each type, or one for all; the embedded engine needs neither.',
  }),
  rabbitmqUrl: optionalText(url('amqps?'), 'an amqp:// or amqps:// URL', {
    env: 'RABBITMQ_URL',
    description: 'The message broker that keeps the queue; it need not be there yet at the start.',
  }),
  rabbitmqQueueType: choice(['auto', 'quorum', 'classic'], {
    env: 'RABBITMQ_QUEUE_TYPE',
    default: 'auto',
    description: 'Queues on the broker: auto = quorum where it has them; classic ones can do priorities.',
  }),
  orderingShards: integer(0, 64, {
    env: 'ORDERING_SHARDS',
    default: 4,
    description: 'Queues on a broker for messages with an ordering key, of each type; 0 = no ordering keys.',
  }),
  confirmTimeoutMs: integer(100, 120_000, {
    env: 'CONFIRM_TIMEOUT_MS',
    default: 10_000,
    unit: 'ms',
    description: "How long a sender waits for the broker's confirmation before it is told to try again.",
  }),
  redisUrl: optionalText(url('rediss?'), 'a redis:// or rediss:// URL', {
    env: 'REDIS_URL',
    description:
      'What the processes on a broker share: lives of messages, idempotency keys, effects, counts.',
  }),
  ...ROOM_SETTINGS,
} as const satisfies Record<string, Setting<never> | Setting<unknown>>

export type SettingName = keyof typeof SETTINGS

/** The checked values, by name. */
export type SettingValues = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never
}
