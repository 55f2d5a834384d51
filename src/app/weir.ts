/**
 * One running Weir: the only place where the rooms are put together. Owns everything it starts and stops it in the
 * reverse order; start and stop are idempotent and stop loses nothing (S1).
 *
 *   start: engine → monitoring → listeners → flow meter → consumer
 *   stop:  gateway takes nothing new, consumer finishes what is in work → flow meter, monitoring → engine → probes
 *
 * The consumer starts last, so that a start that fails (a taken port) has touched no message.
 */
import { consolePage } from '../console/index.ts'
import type { ConsumerEvent } from '../consumer/index.ts'
import { Consumer } from '../consumer/index.ts'
import { type Clock, type Listener, type Logger, type Random, silentLogger } from '../core/index.ts'
import { EmbeddedEngine } from '../engines/embedded/index.ts'
import {
  createGateway,
  createProbes,
  type GatewayDeps,
  type GatewayEvent,
  type GatewayOptions,
  type HttpService,
} from '../gateway/index.ts'
import { FlowMeter, type QueueEngine } from '../queue/index.ts'
import { withDefaultTtl } from './default-ttl.ts'
import { idMaker, realClock, realRandom } from './real.ts'
import { maskedConfig, type Settings } from './settings.ts'
import { servedTypes } from './targets.ts'
import { typeControl } from './type-control.ts'
import { packageVersion } from './version.ts'
import { startWatch, type Watch } from './watch.ts'

/** What a test may put in the place of the real thing. */
export interface WeirOverrides {
  readonly clock?: Clock
  readonly random?: Random
  readonly logger?: Logger
  readonly gateway?: Partial<GatewayOptions>
  readonly engineHost?: 'worker' | 'inline'
}

export interface RunningWeir {
  /** Of the API, for example `http://127.0.0.1:8000`. */
  readonly url: string
  /** Of the extra listeners that are on. */
  readonly urls: { readonly metrics?: string; readonly health?: string }
  /** Resolves when everything has ended. Idempotent. */
  stop(): Promise<void>
}

/** What has been started, so that it can be stopped in the reverse order. */
type Ending = () => Promise<void> | void

/** Starts everything; what had started is stopped again when a later step fails. */
export async function startWeir(settings: Settings, overrides: WeirOverrides = {}): Promise<RunningWeir> {
  const endings: Ending[] = []
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= runInReverse(endings)
    return stopped
  }
  try {
    return { ...(await startAll(settings, overrides, endings)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startAll(settings: Settings, overrides: WeirOverrides, endings: Ending[]) {
  const { clock = realClock, random = realRandom, logger = silentLogger } = overrides
  const embedded = new EmbeddedEngine({
    dataDir: settings.dataDir,
    clock,
    logger,
    random,
    retentionMs: settings.retentionHours * 3_600_000,
    diskReserveBytes: settings.diskReserveMb * 1024 * 1024,
    ...(overrides.engineHost && { host: overrides.engineHost }),
  })
  const engine = withDefaultTtl(embedded, settings.messageTtl)
  endings.push(() => engine.stop())
  await engine.start()

  const flow = new FlowMeter(engine, clock)
  const events: { consumer: Listener<ConsumerEvent>; gateway: Listener<GatewayEvent> } = {
    consumer: () => {},
    gateway: () => {},
  }
  const consumer = new Consumer({
    engine,
    types: servedTypes({ settings, effects: embedded.effects, clock }),
    // An upper bound: how much is really taken ahead follows what the lane measures, and is nothing for slow work.
    prefetchCount: Math.max(
      settings.consumerPrefetchCount,
      ...settings.types.map((type) => type.concurrency),
    ),
    clock,
    random,
    logger,
    emit: (event) => events.consumer(event),
    drainMs: settings.drainTimeoutSec * 1000,
  })
  const types = typeControl(settings.types, consumer)
  const effects = embedded.effects
  const watch = await startWatch({ settings, engine, effects, consumer, types, flow, clock, logger })
  endings.push(() => watch.stop())
  events.consumer = watch.onConsumer
  events.gateway = watch.onGateway

  const deps = gatewayDeps({ settings, engine, flow, types, watch, clock, random, logger })
  const urls = await startListeners(settings, overrides, deps, endings, consumer)
  flow.start()
  endings.push(() => flow.stop())
  consumer.start()
  return urls
}

interface Parts {
  readonly settings: Settings
  readonly engine: QueueEngine
  readonly flow: FlowMeter
  readonly types: GatewayDeps['types']
  readonly watch: Watch
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

function gatewayDeps({ settings, engine, flow, types, watch, clock, random, logger }: Parts): GatewayDeps {
  const version = packageVersion()
  const page = consolePage()
  return {
    engine,
    flow,
    types,
    monitoring: watch.monitoring,
    metrics: watch.metrics,
    readiness: watch.readiness,
    // As it is now: types and the switch can be changed while running.
    config: () => ({
      ...maskedConfig({ ...settings, types: types.all() }),
      monitoringEnabled: watch.monitoring.enabled,
    }),
    page: () => page,
    emit: watch.onGateway,
    clock,
    random,
    logger,
    newId: idMaker(clock),
    queueName: settings.queueName,
    defaultLanguage: settings.defaultLanguage,
    version,
    startedAt: clock.now(),
  }
}

async function startListeners(
  settings: Settings,
  overrides: WeirOverrides,
  deps: GatewayDeps,
  endings: Ending[],
  consumer: Consumer,
): Promise<Pick<RunningWeir, 'url' | 'urls'>> {
  const { host } = settings
  const urls: { metrics?: string; health?: string } = {}
  const probe = async (port: number | undefined) => {
    if (port === undefined) return undefined
    const service = createProbes(deps, { host, port })
    endings.push(() => service.stop())
    return (await service.start()).url
  }
  const metrics = await probe(settings.metricsPort)
  const health = await probe(settings.healthCheckPort)
  if (metrics !== undefined) urls.metrics = metrics
  if (health !== undefined) urls.health = health
  const gateway: HttpService = await createGateway(deps, {
    host,
    port: settings.apiPort,
    ...overrides.gateway,
  })
  // Side by side: both refuse anything new at once, and what each still has to finish needs only the engine.
  endings.push(async () => void (await Promise.all([gateway.stop(), consumer.stop()])))
  const { url } = await gateway.start()
  return { url, urls }
}

/** Every ending runs, even when one before it fails; the first failure is told. */
async function runInReverse(endings: readonly Ending[]): Promise<void> {
  const failures: unknown[] = []
  for (const end of [...endings].reverse()) {
    try {
      await end()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
