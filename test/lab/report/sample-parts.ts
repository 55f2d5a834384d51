/** What the SAMPLE report (sample.ts) is put together from. */
import type {
  Chart,
  Comparison,
  Criterion,
  Experiment,
  ExperimentReport,
  Series,
  Words,
} from '../../../src/lab/report/document.ts'

export type Points = [number, number | null][]

export const both = (en: string, ko: string): Words => ({ en, ko })

export const series = (id: string, title: Words, drawn: Series['drawn'], points: Points): Series => ({
  ...{ id, title, drawn, points },
})

export const seconds = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.round((to - from) / step) }, (_, index) =>
    Number((from + index * step).toFixed(3)),
  )

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits))

export interface Sketch {
  readonly experiment: Experiment
  readonly title: Words
  readonly summary: Words
  readonly criteria: readonly Criterion[]
  readonly charts?: readonly Chart[]
  readonly comparisons?: readonly Comparison[]
  readonly figures?: ExperimentReport['figures']
  readonly notMeasured?: readonly Words[]
}

export const SIMULATED = both(
  'SAMPLE from a simulation, nothing here was measured.',
  '시뮬레이션 예시이며 측정한 값이 아닙니다.',
)

export function criterion(id: string, title: Words, rest: Partial<Criterion> = {}): Criterion {
  return {
    id,
    title,
    bound: { kind: 'at-most', value: 100 },
    measured: 80,
    unit: '',
    verdict: 'passed',
    evidence: both('From the simulated events of the whole run.', '전체 실행의 모의 이벤트에서 구했습니다.'),
    ...rest,
  }
}
