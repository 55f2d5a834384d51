/** A gateway with everything around it faked, and short ways to ask it. */
import type { TestContext } from 'node:test'
import type { Clock, TypeSettings } from '../../src/core/index.ts'
import {
  createGateway,
  type GatewayDeps,
  type GatewayEvent,
  type GatewayOptions,
  type HttpService,
  type Readiness,
} from '../../src/gateway/index.ts'
import { FlowMeter, type Member } from '../../src/queue/index.ts'
import { FakeEngine } from './fake-engine.ts'

/** Real time: the gateway uses it for stamps and for sweeping at its end. */
const clock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

function type(name: string, alias: string): TypeSettings {
  return {
    name,
    aliases: [alias],
    handler: { kind: 'builtin', name: `bss:${name.toLowerCase()}` },
    ratePerSecond: 0,
    concurrency: 10,
    timeoutMs: 300_000,
    maxRetries: 3,
    retryDelayMs: 5_000,
    maxBacklogSeconds: 0,
  }
}

export interface Rig {
  readonly gateway: HttpService
  readonly engine: FakeEngine
  readonly events: GatewayEvent[]
  readonly types: TypeSettings[]
  readonly logged: object[]
  readonly state: {
    monitoring: boolean
    readiness: Readiness
    drainPerSecond: number | undefined
    members: Member[]
    unrouted: number | undefined
    hears: boolean
  }
}

/** A process that consumes; two of them work on MNP unless a test says otherwise. */
export function member(id: string, more: Partial<Member> = {}): Member {
  return {
    id,
    role: 'consumer',
    host: 'here',
    pid: 1,
    lanes: [{ type: 'MNP', slots: 10, running: 1, breaker: 'closed' }],
    draining: false,
    startedAt: 1_700_000_000_000,
    heardAt: 1_700_000_000_000,
    ...more,
  }
}

/** Measured flow under the test's control, in place of ten seconds of waiting. */
class FakeFlow extends FlowMeter {
  readonly #state: Rig['state']
  constructor(engine: FakeEngine, state: Rig['state']) {
    super(engine, clock)
    this.#state = state
  }
  override drainPerSecond(): number | undefined {
    return this.#state.drainPerSecond
  }
}

export async function rig(
  t: TestContext,
  options: Partial<GatewayOptions> = {},
  more: Partial<GatewayDeps> = {},
): Promise<Rig> {
  const engine = new FakeEngine(clock)
  const state: Rig['state'] = {
    monitoring: true,
    readiness: { ready: true },
    drainPerSecond: undefined,
    members: [member('one'), member('two')],
    unrouted: undefined,
    hears: true,
  }
  const types = [
    type('SUBSCRIPTION', '가입'),
    type('MNP', '번호이동'),
    type('CHANGE', '명의변경'),
    type('TERMINATION', '해지'),
  ]
  const events: GatewayEvent[] = []
  const logged: object[] = []
  const log = (fields: object) => void logged.push(fields)
  let ids = 0
  const gateway = await createGateway(
    {
      engine,
      flow: new FakeFlow(engine, state),
      types: {
        all: () => types,
        change(name, change) {
          const i = types.findIndex((one) => one.name === name)
          const changed = { ...(types[i] as TypeSettings), ...change }
          types[i] = changed
          return changed
        },
      },
      fleet: { members: () => state.members, hears: () => state.hears },
      advice: { browse: 'set REDIS_URL', idempotency: 'set REDIS_URL' },
      effects: 'queue',
      unrouted: () => state.unrouted,
      scaling: () => undefined,
      lastProcessedAt: () => undefined,
      monitoring: {
        get enabled() {
          return state.monitoring
        },
        async set(enabled) {
          const previous = state.monitoring
          state.monitoring = enabled
          return { previous, current: enabled }
        },
        async toggle() {
          state.monitoring = !state.monitoring
          return { previous: !state.monitoring, current: state.monitoring }
        },
      },
      metrics: async () => ({
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: 'bss_monitoring_enabled 1\n',
      }),
      readiness: () => state.readiness,
      config: () => ({ API_PORT: 8000, REDIS_URL: 'redis://:***@redis:6379' }),
      page: () => '<!doctype html><title>Weir</title><style>p{}</style><script>1</script>',
      emit: (event) => void events.push(event),
      clock,
      random: () => 0.5,
      logger: { debug: log, info: log, warn: log, error: log },
      newId: () => `id-${String(++ids).padStart(6, '0')}`,
      queueName: 'bss_single_queue',
      defaultLanguage: 'en',
      version: '0.1.0',
      startedAt: Date.now(),
      ...more,
    },
    { port: 0, checkIntervalMs: 50, docs: false, ...options },
  )
  t.after(() => gateway.stop())
  return { gateway, engine, events, types, logged, state }
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by the tests, which is their purpose
  readonly body: any
  readonly text: string
}

export async function ask(
  { gateway }: Rig,
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const raw = typeof body === 'string' || Buffer.isBuffer(body)
  const response = await gateway.app.inject({
    method: method as 'GET',
    url,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { payload: raw ? body : JSON.stringify(body) }),
  })
  const text = response.body
  const json = /json/.test(String(response.headers['content-type']))
  return {
    status: response.statusCode,
    headers: response.headers as Record<string, string | undefined>,
    body: json && text !== '' ? JSON.parse(text) : undefined,
    text,
  }
}

export const KO = { 'accept-language': 'ko-KR,ko;q=0.9,en;q=0.8' }
