/**
 * What a load test is to do, resolved from what was asked for. Pure; what cannot be is a LoadPlanError with one line.
 */
import { type ArrivalProcess, type Segment, shapeOf, shareOf, type TestType } from './shape.ts'

/** As given; what is missing follows from the rest. */
export interface LoadWishes {
  readonly testType?: TestType
  readonly requests?: number
  readonly concurrency?: number
  /** Requests per second, the highest of the shape. */
  readonly ratePerSecond?: number
  readonly durationMs?: number
  readonly arrivals?: ArrivalProcess
}

interface Common {
  readonly testType: TestType
  /** Connections, and with them requests under way at once. */
  readonly concurrency: number
}

/** Each connection sends its next request when it has its answer: measures how much goes through. */
export interface ClosedPlan extends Common {
  readonly mode: 'closed'
  /** It ends at whichever comes first. */
  readonly requests?: number
  readonly durationMs?: number
}

/** Requests come at moments fixed beforehand, whatever becomes of earlier ones: measures what senders see. */
export interface OpenPlan extends Common {
  readonly mode: 'open'
  readonly requests: number
  readonly ratePerSecond: number
  readonly durationMs: number
  readonly arrivals: ArrivalProcess
  readonly segments: readonly Segment[]
}

export type LoadPlan = ClosedPlan | OpenPlan

export class LoadPlanError extends Error {}

/** The names that users of the older load tests know. */
export const PRESETS: Readonly<Record<string, readonly { requests: number; concurrency: number }[]>> = {
  basic: [{ requests: 1_000, concurrency: 50 }],
  'high-volume': [
    { requests: 5_000, concurrency: 100 },
    { requests: 10_000, concurrency: 150 },
    { requests: 20_000, concurrency: 200 },
    { requests: 50_000, concurrency: 300 },
  ],
}

const CLOSED_CONNECTIONS = 50
/** Many, because in an open loop a lack of connections holds requests back; they are opened as they are needed. */
const OPEN_CONNECTIONS = 256
const DEFAULT_RATE = 100
const DEFAULT_SECONDS: Readonly<Record<TestType, number>> = {
  burst: 10,
  sustained: 60,
  ramp: 60,
  'spike-train': 60,
  mixed: 60,
}
export const MOST_REQUESTS = 100_000_000

/** The requests and connections of a preset; `volume` is one of its numbers of requests. Throws LoadPlanError. */
export function presetOf(name: string, volume?: number): { requests: number; concurrency: number } {
  const preset = PRESETS[name]
  if (!preset)
    throw new LoadPlanError(`there is no preset ${name}; there are ${Object.keys(PRESETS).join(', ')}`)
  const found = volume === undefined ? preset[0] : preset.find(({ requests }) => requests === volume)
  if (found) return found
  const volumes = preset.map(({ requests }) => requests).join(', ')
  throw new LoadPlanError(`--volume of ${name} is one of ${volumes}; found ${volume}`)
}

/** Throws LoadPlanError. */
export function planLoad(wishes: LoadWishes): LoadPlan {
  const { testType = 'burst' } = wishes
  // As many as fast as possible is a burst too, and the only thing that needs no rate.
  if (testType === 'burst' && wishes.ratePerSecond === undefined) return closed(wishes)
  return open(testType, wishes)
}

function closed({
  requests,
  durationMs,
  concurrency = CLOSED_CONNECTIONS,
  arrivals,
}: LoadWishes): ClosedPlan {
  if (arrivals !== undefined)
    throw new LoadPlanError('--arrivals needs --rate: without a rate nothing arrives by itself')
  const fallback =
    requests === undefined && durationMs === undefined ? PRESETS.basic?.[0]?.requests : requests
  return {
    mode: 'closed',
    testType: 'burst',
    concurrency,
    ...(fallback !== undefined && { requests: fallback }),
    ...(durationMs !== undefined && { durationMs }),
  }
}

function open(testType: TestType, wishes: LoadWishes): OpenPlan {
  const { requests, ratePerSecond, durationMs, concurrency = OPEN_CONNECTIONS, arrivals = 'poisson' } = wishes
  if (requests !== undefined && ratePerSecond !== undefined && durationMs !== undefined) {
    throw new LoadPlanError('give two of --requests, --rate and --duration; the third follows')
  }
  // requests = rate × seconds × share; two of the three are known, or have a default.
  const share = shareOf(testType)
  const known = { rate: ratePerSecond, seconds: durationMs === undefined ? undefined : durationMs / 1000 }
  if (known.seconds === undefined && (requests === undefined || known.rate === undefined)) {
    known.seconds = DEFAULT_SECONDS[testType]
  }
  if (requests === undefined) known.rate ??= DEFAULT_RATE
  const rate = known.rate ?? (requests ?? 0) / ((known.seconds ?? 1) * share)
  const seconds = known.seconds ?? (requests ?? 0) / (rate * share)
  const whole = requests ?? Math.round(rate * seconds * share)
  if (whole < 1) throw new LoadPlanError('with this --rate and --duration not a single request would come')
  if (whole > MOST_REQUESTS)
    throw new LoadPlanError(`that would be ${whole} requests; at most ${MOST_REQUESTS}`)
  return {
    ...{ mode: 'open', testType, requests: whole, ratePerSecond: rate, concurrency, arrivals },
    durationMs: seconds * 1000,
    segments: shapeOf(testType, rate, seconds),
  }
}
