/** rabbitmq-consume: what the engine's way out costs, next to the same client library used bare. */
import { atLeast, type Bench, type BenchContext, overRounds } from '../harness/figures.ts'
import { runScript } from '../harness/processes.ts'
import { alternate } from '../harness/rounds.ts'
import { ratios } from '../harness/statistics.ts'
import { fill, holds, withBroker, withQueues } from './broker.ts'
import type { Rate } from './pace.ts'
import { described, rateFigure, ratesOf } from './publishing.ts'
import { newShape, type Shape } from './shape.ts'

export interface ConsumePlan {
  readonly shape: Shape
  /** That wait already. */
  readonly messages: number
  readonly prefetch: number
  /** Weir: through `take` and `settle`, or through the real consumer. Bare: whether the handler reads the body. */
  readonly drive: 'direct' | 'consumer' | 'parsed' | 'unread'
}

const PREFETCH = 1_000

export const rabbitmqConsume: Bench = {
  name: 'rabbitmq-consume',
  about: "the engine's take and settle next to the same client library used bare, quorum queue, manual acks",
  run: (context) =>
    withBroker(context, 'rabbitmq-consume', ({ url, version }) => figures(context, url, version)),
}

/** One run in a process of its own over a queue filled before; rejects when it leaves messages in it. */
export async function consumeRun(script: string, plan: ConsumePlan): Promise<Rate> {
  return withQueues(plan.shape, async () => {
    await fill(plan.shape, plan.messages)
    const rate = await runScript<Rate>(script, plan)
    await holds(plan.shape, 0)
    return rate
  })
}

async function figures({ quick, say }: BenchContext, url: string, version: string) {
  const load = { messages: quick ? 20_000 : 100_000, prefetch: PREFETCH }
  const run = (script: string, drive: ConsumePlan['drive']) => () =>
    consumeRun(`rabbitmq/${script}.ts`, { ...load, drive, shape: newShape(url) })
  const variants = {
    direct: run('consume-weir', 'direct'),
    parsed: run('consume-bare', 'parsed'),
    consumer: run('consume-weir', 'consumer'),
    unread: run('consume-bare', 'unread'),
  }
  const results = await alternate(quick ? 1 : 7, variants, say, described)
  const { direct, consumer, parsed, unread } = results
  const ratio = (of: readonly Rate[], to: readonly Rate[]) => ratios(ratesOf(of), ratesOf(to))
  return {
    figures: [
      rateFigure('take + settle in batches of 100: engine', direct, version),
      rateFigure('amqplib bare: consume, parse, acknowledge each', parsed, `prefetch ${PREFETCH}`),
      rateFigure('amqplib bare: consume, acknowledge each, body unread', unread),
      rateFigure('the real consumer with a no-op handler, concurrency 100', consumer),
      overRounds('take + settle ÷ bare', ratio(direct, parsed), 'x', atLeast(0.7)),
      overRounds('take + settle ÷ bare, body unread', ratio(direct, unread), 'x', atLeast(0.7)),
      overRounds('real consumer ÷ bare', ratio(consumer, parsed), 'x', atLeast(0.7)),
    ],
    skipped: [],
  }
}
