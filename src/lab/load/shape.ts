/**
 * How the rate of arrivals goes over time, as straight pieces. A shape is drawn for a rate of 1 and a duration of 1 and
 * then stretched, so that its area, the number of requests, is rate × duration × the area of the drawing.
 */

export const TEST_TYPES = ['burst', 'sustained', 'ramp', 'spike-train', 'mixed'] as const
export type TestType = (typeof TEST_TYPES)[number]

/** The rate goes evenly from `from` to `to`, requests per second. */
export interface Segment {
  readonly seconds: number
  readonly from: number
  readonly to: number
}

const flat = (seconds: number, rate: number): Segment => ({ seconds, from: rate, to: rate })

/** `count` spikes, each a fifth of its period long, with `base` between them. */
const spikes = (seconds: number, count: number, base: number): Segment[] =>
  Array.from({ length: count }, () => [
    flat((seconds / count) * 0.8, base),
    flat((seconds / count) * 0.2, 1),
  ]).flat()

const DRAWINGS: Readonly<Record<TestType, readonly Segment[]>> = {
  burst: [flat(1, 1)],
  sustained: [flat(1, 1)],
  ramp: [{ seconds: 1, from: 0, to: 1 }],
  'spike-train': spikes(1, 10, 0.1),
  // A quiet quarter, a climb, spikes, a quiet quarter: what a day brings, in short.
  mixed: [flat(0.25, 0.5), { seconds: 0.25, from: 0.5, to: 1 }, ...spikes(0.25, 3, 0.25), flat(0.25, 0.25)],
}

/** Requests that a shape holds. */
export const areaOf = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { seconds, from, to }) => sum + (seconds * (from + to)) / 2, 0)

/** Requests of a test of this type per second and per request/s of its highest rate. */
export const shareOf = (type: TestType): number => areaOf(DRAWINGS[type])

/** The shape with its highest rate, requests per second, over so many seconds. */
export const shapeOf = (type: TestType, ratePerSecond: number, seconds: number): Segment[] =>
  DRAWINGS[type].map((piece) => ({
    seconds: piece.seconds * seconds,
    from: piece.from * ratePerSecond,
    to: piece.to * ratePerSecond,
  }))

/** After how many seconds the shape has held `requests`; its end when it holds fewer. Ask with growing numbers. */
export class Timeline {
  readonly #segments: readonly Segment[]
  #index = 0
  /** Where the current segment begins. */
  #seconds = 0
  #requests = 0

  constructor(segments: readonly Segment[]) {
    this.#segments = segments
  }

  secondsAt(requests: number): number {
    for (;;) {
      const segment = this.#segments[this.#index]
      if (!segment) return this.#seconds
      const { seconds, from, to } = segment
      const area = (seconds * (from + to)) / 2
      const rest = requests - this.#requests
      if (rest <= area) return this.#seconds + Math.min(seconds, secondsFor(rest, segment))
      this.#index++
      this.#seconds += seconds
      this.#requests += area
    }
  }
}

/** Solves from × t + slope × t² ÷ 2 = requests, in the form that loses no digits where the slope is small. */
function secondsFor(requests: number, { seconds, from, to }: Segment): number {
  if (requests <= 0) return 0
  const slope = (to - from) / seconds
  const twiceTheMeanRate = from + Math.sqrt(Math.max(0, from ** 2 + 2 * slope * requests))
  // Numbers so small that their square is none: as good as the beginning.
  return twiceTheMeanRate > 0 ? (2 * requests) / twiceTheMeanRate : 0
}

/**
 * When `requests` arrivals come, seconds from the start, in order. `constant`: evenly along the shape. `poisson`: as of
 * many independent senders, given that exactly so many come (sums of exponentials divided by the last sum are the order
 * statistics of a Poisson process: W. Feller, "An Introduction to Probability Theory" vol. II, III.3).
 *
 * `chance` must begin anew at each call: it is walked twice, so that nothing has to be kept.
 */
export function* arrivalsOf(
  segments: readonly Segment[],
  requests: number,
  process: ArrivalProcess,
  chance: () => () => number,
): Generator<number> {
  const timeline = new Timeline(segments)
  const scale = areaOf(segments) / requests
  if (process === 'constant') {
    for (let index = 0; index < requests; index++) yield timeline.secondsAt(index * scale)
    return
  }
  const exponential = (random: () => number) => -Math.log1p(-random())
  const first = chance()
  let total = 0
  for (let index = 0; index <= requests; index++) total += exponential(first)
  const second = chance()
  let sum = 0
  for (let index = 0; index < requests; index++) {
    sum += exponential(second)
    yield timeline.secondsAt((sum / total) * requests * scale)
  }
}

export const ARRIVAL_PROCESSES = ['poisson', 'constant'] as const
export type ArrivalProcess = (typeof ARRIVAL_PROCESSES)[number]
