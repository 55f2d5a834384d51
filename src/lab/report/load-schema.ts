/**
 * The shape of a load's JSON report (load/report.ts), as far as it is drawn. Latencies of nothing are NaN there, and
 * JSON makes them null.
 */
import Type, { type Static } from 'typebox'

const Value = Type.Union([Type.Number(), Type.Null()])
const Count = Type.Number()

const Latency = Type.Object({
  count: Count,
  ...{ mean: Value, p50: Value, p90: Value, p95: Value, p99: Value, p999: Value, max: Value },
})

const accounts = { attempted: Count, acknowledged: Count, refused: Count, failed: Count, unknown: Count }

export const LoadShape = Type.Object({
  kind: Type.Literal('load'),
  version: Type.Literal(1),
  url: Type.String(),
  target: Type.Union([Type.Literal('api'), Type.Literal('direct')]),
  plan: Type.Object({
    mode: Type.Union([Type.Literal('open'), Type.Literal('closed')]),
    testType: Type.String(),
    concurrency: Count,
    ratePerSecond: Type.Optional(Count),
  }),
  seed: Count,
  startedAt: Count,
  seconds: Count,
  accounts: Type.Object(accounts),
  requests: Type.Object({ sent: Count, unsent: Count }),
  acknowledgedPerSecond: Count,
  latencyMs: Latency,
  serviceMs: Latency,
  codes: Type.Record(Type.String(), Count),
  generator: Type.Object({
    cores: Count,
    loopLagMs: Type.Object({ p99: Value }),
    bottleneck: Type.Boolean(),
    why: Type.Array(Type.String()),
  }),
  series: Type.Array(Type.Object({ from: Count, seconds: Count, ...accounts, meanMs: Value, maxMs: Value })),
  interrupted: Type.Boolean(),
})

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: Frozen<T[Name]> }
    : T

/** What is drawn of a load; a LoadReport is one. */
export type LoadDocument = Frozen<Static<typeof LoadShape>>
