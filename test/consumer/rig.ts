/** A consumer on a fake clock in front of a fake queue, with a processor that the test answers for. */
import { Consumer, type ConsumerEvent, type ProcessingContext } from '../../src/consumer/index.ts'
import type { Logger, Message, Outcome, TypeSettings } from '../../src/core/index.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'
import { FakeEngine } from './fake-engine.ts'

export interface Call {
  readonly message: Message
  readonly attempt: number
  readonly at: number
  readonly signal: AbortSignal
  answer(outcome: Outcome): void
}

export interface RigOptions extends Partial<TypeSettings> {
  /** What the processor answers at once; without it the test answers each call. */
  readonly handle?: (message: Message, context: ProcessingContext) => Outcome | Promise<Outcome>
  readonly prefetchCount?: number
  readonly drainMs?: number
  readonly settleMs?: number
  readonly types?: readonly string[]
  readonly throwingListener?: boolean
  readonly minimumVolume?: number
}

export const DONE: Outcome = { kind: 'done' }

/** The same numbers in every run: chance is not what these tests are about. */
function seeded(): () => number {
  let state = 1
  return () => {
    state = (state * 48_271) % 0x7fffffff
    return state / 0x7fffffff
  }
}

export function rig(options: RigOptions = {}) {
  const clock = new FakeClock()
  const engine = new FakeEngine(clock)
  const calls: Call[] = []
  const events: ConsumerEvent[] = []
  const logs: { level: string; fields: Record<string, unknown>; text: string }[] = []
  let running = 0
  const most = { running: 0 }
  const log = (level: string) => (fields: object, text: string) => {
    logs.push({ level, fields: { ...fields }, text })
  }
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  const processor = {
    name: 'test-processor',
    async process(message: Message, context: ProcessingContext): Promise<Outcome> {
      const { promise, resolve } = Promise.withResolvers<Outcome>()
      const { attempt, signal } = context
      calls.push({ message, attempt, at: clock.now(), signal, answer: resolve })
      running += 1
      most.running = Math.max(most.running, running)
      try {
        return await (options.handle ? options.handle(message, context) : promise)
      } finally {
        running -= 1
      }
    },
  }
  const settings = {
    ratePerSecond: 0,
    concurrency: 10,
    timeoutMs: 30_000,
    maxRetries: 3,
    retryDelayMs: 5_000,
    ...options,
  }
  const consumer = new Consumer({
    engine,
    clock,
    random: seeded(),
    logger,
    prefetchCount: options.prefetchCount ?? 10,
    types: (options.types ?? ['MNP']).map((name) => ({
      settings: { ...settings, name },
      processor,
      backend: 'legacy',
    })),
    emit: (event) => {
      events.push(event)
      if (options.throwingListener) throw new Error('a listener of no use')
    },
    ...(options.drainMs === undefined ? {} : { drainMs: options.drainMs }),
    ...(options.settleMs === undefined ? {} : { settleMs: options.settleMs }),
    breaker: {
      failureRatio: 0.5,
      minimumVolume: options.minimumVolume ?? 20,
      windowMs: 10_000,
      openMs: 1_000,
      longestOpenMs: 60_000,
      lastStage: 8,
    },
  })
  return { clock, engine, consumer, calls, events, logs, most }
}
