/** Lines on a Redis of the test's own, at a moment that the test sets. */
import { silentLogger } from '../../../src/core/index.ts'
import { RedisLine, type RedisLineOptions } from '../../../src/engines/redis/line/engine.ts'
import type { LineContext, LineSubject } from '../../conformance/line.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import type { TestRedis } from '../../fixtures/redis.ts'
import { CALL_LIMIT_MS } from './rig.ts'

const PROCESSORS = 8
const START = 1_800_000_000_000
let made = 0

export function redisLine(redis: TestRedis, more: Partial<RedisLineOptions> = {}): RedisLine {
  made++
  const self = made
  return new RedisLine({
    url: redis.url,
    clock: new FakeClock(),
    // Names that processes give themselves differ, here and in a run beside this one.
    random: () => ((self * 0.618) % 1) + process.pid / 2 ** 40,
    logger: silentLogger,
    callLimitMs: CALL_LIMIT_MS,
    ...more,
  })
}

/** For the model: one process at a time, and another one in its place whenever it says. */
export async function movableLine(redis: TestRedis, { cleanup }: LineContext) {
  const hashTag = redis.queueName()
  let now = START
  const started = async (): Promise<RedisLine> => {
    const line = redisLine(redis, { hashTag, serverTime: () => now })
    cleanup(() => line.stop())
    await line.start()
    return line
  }
  let current = await started()
  const next = async (): Promise<RedisLine> => {
    await current.stop()
    current = await started()
    return current
  }
  return {
    engine: current,
    now: () => now,
    advance(ms: number) {
      now += ms
    },
    restart: next,
    crash: next,
    started,
  }
}

export async function lineSubject(redis: TestRedis, context: LineContext): Promise<LineSubject> {
  const line = await movableLine(redis, context)
  const others = () => Promise.all(Array.from({ length: PROCESSORS - 1 }, line.started))
  return {
    ...line,
    advance: async (ms) => line.advance(ms),
    // Nothing of the line is in the process: another one beside it finds what a crash of it would leave.
    crash: line.started,
    processors: async () => [line.engine, ...(await others())],
  }
}
