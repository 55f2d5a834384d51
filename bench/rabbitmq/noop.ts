/** The real consumer with a handler that does nothing, and a count of what it has settled. */
import { realClock, realRandom } from '../../src/app/real.ts'
import { Consumer, type ConsumerOptions } from '../../src/consumer/index.ts'
import { silentLogger } from '../../src/core/index.ts'
import type { QueueEngine } from '../../src/queue/index.ts'

type ConsumedEngine = ConsumerOptions['engine']

const CONCURRENCY = 100
const done = { kind: 'done' } as const

export function noopConsumer(engine: ConsumedEngine, types: readonly string[], prefetch: number): Consumer {
  return new Consumer({
    engine,
    types: types.map((name) => ({
      settings: {
        name,
        ratePerSecond: 0,
        concurrency: CONCURRENCY,
        timeoutMs: 300_000,
        maxRetries: 3,
        retryDelayMs: 5_000,
      },
      backend: 'none',
      processor: { name: 'noop', process: async () => done },
    })),
    prefetchCount: prefetch,
    clock: realClock,
    random: realRandom,
    logger: silentLogger,
  })
}

export interface Work {
  /** To be given to the consumer in the place of the engine. */
  readonly engine: ConsumedEngine
  readonly settled: number
  /** `performance.now()` of the last one. */
  readonly lastAt: number
  reached(count: number): Promise<void>
}

export function settledBy(engine: QueueEngine): Work {
  let settled = 0
  let lastAt = performance.now()
  let wanted = Number.POSITIVE_INFINITY
  let tell = (): void => {}
  return {
    engine: {
      take: (request) => engine.take(request),
      onReady: (listener) => engine.onReady(listener),
      async settle(settlements) {
        const results = await engine.settle(settlements)
        settled += results.filter((result) => result === 'settled').length
        lastAt = performance.now()
        if (settled >= wanted) tell()
        return results
      },
    },
    get settled() {
      return settled
    },
    get lastAt() {
      return lastAt
    },
    reached(count) {
      return new Promise((resolve) => {
        wanted = count
        tell = resolve
        if (settled >= count) resolve()
      })
    },
  }
}
