/** The shape of a validation's JSON, checked when one is read; the last lines hold it against the type both ways. */
import Type, { type Static, type TSchema } from 'typebox'
import {
  type ExperimentReport,
  TEST_TYPES_OF_VALIDATION,
  VALIDATION_VERSION,
  type ValidationReport,
} from './document.ts'

const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const Text = Type.String()
const Figures = Type.Number()
const Words = Type.Object({ en: Text, ko: Text })
const Value = orNull(Figures)
const Verdict = Type.Union([
  Type.Literal('passed'),
  Type.Literal('failed'),
  Type.Literal('inconclusive'),
  Type.Literal('skipped'),
])
const Experiment = Type.Union(TEST_TYPES_OF_VALIDATION.map((name) => Type.Literal(name)))
const Bound = Type.Union([
  Type.Object({ kind: Type.Literal('at-most'), value: Figures }),
  Type.Object({ kind: Type.Literal('at-least'), value: Figures }),
  Type.Object({ kind: Type.Literal('exactly'), value: Figures }),
  Type.Object({ kind: Type.Literal('range'), from: Figures, to: Figures }),
])

const Criterion = Type.Object({
  id: Text,
  title: Words,
  bound: Bound,
  measured: Value,
  unit: Text,
  verdict: Verdict,
  evidence: Words,
  ideal: Type.Optional(Figures),
})

const Figure = Type.Object({ id: Text, title: Words, value: Value, unit: Text })

const Series = Type.Object({
  id: Text,
  title: Words,
  points: Type.Array(Type.Tuple([Figures, Value])),
  drawn: Type.Union([Type.Literal('line'), Type.Literal('step'), Type.Literal('bars')]),
})

const Chart = Type.Object({
  id: Text,
  title: Words,
  unit: Text,
  series: Type.Array(Series),
  limits: Type.Array(Type.Object({ title: Words, value: Figures })),
  alternative: Words,
})

const Comparison = Type.Object({
  id: Text,
  title: Words,
  sides: Type.Array(Words),
  rows: Type.Array(Type.Object({ title: Words, unit: Text, values: Type.Array(Value) })),
})

const ExperimentShape = Type.Object({
  experiment: Experiment,
  title: Words,
  verdict: Verdict,
  startedAtSeconds: Figures,
  seconds: Figures,
  criteria: Type.Array(Criterion),
  figures: Type.Array(Figure),
  comparisons: Type.Array(Comparison),
  charts: Type.Array(Chart),
  summary: Words,
  notMeasured: Type.Array(Words),
})

const Environment = Type.Object({
  weir: Text,
  node: Text,
  platform: Text,
  cpu: Text,
  cores: Figures,
  memoryBytes: Figures,
  loadBefore: Value,
  engine: orNull(Text),
})

const Grade = Type.Union([
  Type.Literal('A'),
  Type.Literal('B'),
  Type.Literal('C'),
  Type.Literal('D'),
  Type.Literal('F'),
])

export const ValidationShape = Type.Object({
  kind: Type.Literal('validation'),
  version: Type.Literal(VALIDATION_VERSION),
  startedAt: Figures,
  seconds: Figures,
  quick: Type.Boolean(),
  seed: Figures,
  url: orNull(Text),
  environment: Environment,
  experiments: Type.Array(ExperimentShape),
  score: Value,
  grade: orNull(Grade),
  passed: Type.Boolean(),
  interrupted: Type.Boolean(),
})

type Read = Static<typeof ValidationShape>
type Part = Read['experiments'][number]
/** Names that only one of the two has; the compiler refuses this file when there are any. */
type Apart<A, B> = Exclude<keyof A, keyof B> | Exclude<keyof B, keyof A>
type Fits = Read extends ValidationReport
  ? Apart<Read, ValidationReport> | Apart<Part, ExperimentReport>
  : 'apart'
export const SHAPE_FITS: [Fits] extends [never] ? true : false = true
