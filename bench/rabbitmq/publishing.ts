/** rabbitmq-publish: what the engine's way in costs, next to the same client library used bare. */
import { atLeast, type Bench, type BenchContext, type Figure, overRounds } from '../harness/figures.ts'
import { runScript } from '../harness/processes.ts'
import { formatted } from '../harness/report.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, ratios, spread } from '../harness/statistics.ts'
import { anatomy, type Broker, holds, withBroker, withQueues } from './broker.ts'
import type { Rate } from './pace.ts'
import { newShape, type Shape } from './shape.ts'

export interface PublishPlan {
  readonly shape: Shape
  /** Messages under way, not confirmed yet. */
  readonly window: number
  /** Messages of a call; window / batch callers at once. */
  readonly batch: number
  readonly seconds: number
}

export interface Published extends Rate {
  /** Over the whole run, warm-up included. */
  readonly confirmed: number
}

/** With what lay in the queue afterwards, see `anatomy`. */
interface Sent extends Published {
  readonly message: string
}

const WINDOW = 1_000
export const ratesOf = (results: readonly Rate[]): number[] => results.map(({ perSecond }) => perSecond)
export const described = ({ perSecond, microsecondsEach }: Rate): string =>
  `${Math.round(perSecond)}/s, ${Math.round(microsecondsEach)} µs of the client each`

export const rabbitmqPublish: Bench = {
  name: 'rabbitmq-publish',
  about: "the engine's publish next to the same client library used bare, quorum queue, publisher confirms",
  run: (context) =>
    withBroker(context, 'rabbitmq-publish', async (broker) => {
      const single = await pair(context, broker, 1)
      const batched = await pair(context, broker, 100)
      return { figures: [...single, ...batched], skipped: [] }
    }),
}

/** One run in a process of its own; rejects when the queue does not hold exactly what was confirmed (Q1). */
export async function publishRun(script: string, plan: PublishPlan): Promise<Sent> {
  return withQueues(plan.shape, async () => {
    const result = await runScript<Published>(script, plan)
    await holds(plan.shape, result.confirmed)
    return { ...result, message: await anatomy(plan.shape) }
  })
}

async function pair(context: BenchContext, { url, version }: Broker, batch: number): Promise<Figure[]> {
  const { quick, say } = context
  const load = { window: WINDOW, batch, seconds: quick ? 2 : 5 }
  const run = (script: string) => () => publishRun(script, { ...load, shape: newShape(url) })
  const variants = { weir: run('rabbitmq/publish-weir.ts'), bare: run('rabbitmq/publish-bare.ts') }
  const { weir, bare } = await alternate(quick ? 1 : 7, variants, say, described)
  const messages = new Set([...weir, ...bare].map(({ message }) => message))
  if (messages.size !== 1) throw new Error(`two sides, two messages: ${[...messages].join(' ≠ ')}`)
  const how = batch === 1 ? `${WINDOW} callers, one message each` : `${WINDOW / batch} callers, ${batch} each`
  return [
    rateFigure(`${how}: engine`, weir, version),
    rateFigure(`${how}: amqplib bare`, bare, `${WINDOW} unconfirmed at most`),
    overRounds(`${how}: engine ÷ bare`, ratios(ratesOf(weir), ratesOf(bare)), 'x', atLeast(0.7)),
  ]
}

export function rateFigure(what: string, results: readonly Rate[], note = ''): Figure {
  const each = formatted(median(results.map((one) => one.microsecondsEach)), 'µs')
  const rates = ratesOf(results)
  return {
    what,
    value: median(rates),
    unit: '/s',
    note: joined(spread(rates, 0), `${each} of processor time in the client`, note),
  }
}
