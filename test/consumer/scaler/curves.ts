/**
 * The arrival curves of the simulation: messages per stretch of time, drawn once from these formulas and checked in, so
 * that a run anywhere sees the same load. Made, not recorded from a service. `node bin/run.mjs
 * test/consumer/scaler/curves.ts` writes the files anew; a test compares them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { seededRandom } from '../../fixtures/seed.ts'

export interface Curve {
  /** Messages per second at second t, in words that can be checked against `RATES`. */
  readonly formula: string
  /** Of the Poisson draws (mulberry32). */
  readonly seed: number
  readonly stretchSeconds: number
  /** Arrivals in each stretch. */
  readonly arrivals: readonly number[]
}

interface Recipe {
  readonly formula: string
  readonly seed: number
  readonly stretchSeconds: number
  readonly hours: number
  readonly rate: (second: number) => number
}

const HOUR = 3_600
const between = (from: number, second: number, to: number) => second >= from && second < to
const bell = (second: number, at: number, width: number) => Math.exp(-(((second - at) / width) ** 2) / 2)

export const RECIPES = {
  burst: {
    formula: '5; 60 from 600 to 660 s; 200 from 2100 to 2160 s',
    seed: 1,
    stretchSeconds: 1,
    hours: 1,
    rate: (t) => (between(600, t, 660) ? 60 : between(2_100, t, 2_160) ? 200 : 5),
  },
  ramp: {
    formula: '2 + 58 · min(1, t/1200, (3000 − t)/1200), at least 2',
    seed: 2,
    stretchSeconds: 1,
    hours: 1,
    rate: (t) => 2 + 58 * Math.max(0, Math.min(1, t / 1_200, (3_000 - t) / 1_200)),
  },
  daily: {
    formula: '1 + 3 · (1 − cos(2π(t − 4 h)/24 h)) + 4 · exp(−((t − 19.5 h)/0.75 h)²/2)',
    seed: 3,
    stretchSeconds: 60,
    hours: 24,
    rate: (t) =>
      1 +
      3 * (1 - Math.cos((2 * Math.PI * (t - 4 * HOUR)) / (24 * HOUR))) +
      4 * bell(t, 19.5 * HOUR, 0.75 * HOUR),
  },
} as const satisfies Record<string, Recipe>

export type CurveName = keyof typeof RECIPES

export function make({ formula, seed, stretchSeconds, hours, rate }: Recipe): Curve {
  const random = seededRandom(seed)
  const stretches = (hours * HOUR) / stretchSeconds
  const arrivals = Array.from({ length: stretches }, (_, i) =>
    poisson(rate(i * stretchSeconds) * stretchSeconds, random),
  )
  return { formula, seed, stretchSeconds, arrivals }
}

/** Knuth's product of uniforms, in parts of at most 20 so that nothing underflows. */
function poisson(mean: number, random: () => number): number {
  let count = 0
  for (let left = mean; left > 0; left -= 20) {
    const limit = Math.exp(-Math.min(20, left))
    for (let product = random(); product > limit; product *= random()) count += 1
  }
  return count
}

export function file(name: CurveName): URL {
  return new URL(`./curves/${name}.json`, import.meta.url)
}

export function read(name: CurveName): Curve {
  return JSON.parse(readFileSync(file(name), 'utf8')) as Curve
}

if (import.meta.main) {
  for (const name of Object.keys(RECIPES) as CurveName[]) {
    writeFileSync(file(name), `${JSON.stringify(make(RECIPES[name]))}\n`)
  }
}
