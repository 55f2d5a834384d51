/** Verdicts on estimates: by the whole interval in which the truth lies, not by its middle. */
import type { Estimate } from '../measure/estimate.ts'
import type { Criterion } from '../report/document.ts'
import { criterion, words } from './findings.ts'

type Given = Omit<Criterion, 'verdict' | 'measured' | 'bound' | 'ideal'> & {
  readonly bound: Extract<Criterion['bound'], { kind: 'at-most' }>
}

const TOO_WIDE = words(
  'The interval reaches over the bound, so nothing is concluded; a longer run makes it narrower.',
  '신뢰 구간이 기준값을 걸치므로 결론을 내리지 않습니다. 더 길게 실행하면 좁아집니다.',
)
const TOO_LITTLE = words('Too little was measured for an estimate.', '추정에 필요한 측정값이 부족합니다.')

/** Passed when all of the interval keeps the bound, failed when none of it does, otherwise inconclusive. */
export function judgedByInterval(given: Given, found: Estimate | null): Criterion {
  if (found === null) return criterion({ ...given, measured: null }, TOO_LITTLE)
  const { value, low, high } = found
  const isDecided = high <= given.bound.value || low > given.bound.value
  return criterion({ ...given, measured: value }, isDecided ? undefined : TOO_WIDE)
}
