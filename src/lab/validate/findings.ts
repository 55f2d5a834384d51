/** Small things that every experiment writes its findings with. */
import type { Bound, Criterion, Verdict, Words } from '../report/document.ts'

export const words = (en: string, ko: string): Words => ({ en, ko })

/** Digits as far as they mean something; a dash for what was not measured. */
export function shown(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function isWithin(bound: Bound, value: number): boolean {
  switch (bound.kind) {
    case 'at-most':
      return value <= bound.value
    case 'at-least':
      return value >= bound.value
    case 'exactly':
      return value === bound.value
    case 'range':
      return value >= bound.from && value <= bound.to
  }
}

/** Whether the value keeps the bound; a value that is not there was not measured, and nothing is concluded from it. */
export function verdictOf(bound: Bound, value: number | null): Verdict {
  if (value === null || !Number.isFinite(value)) return 'inconclusive'
  return isWithin(bound, value) ? 'passed' : 'failed'
}

type Given = Omit<Criterion, 'verdict' | 'ideal'> & { readonly ideal?: number }

/** A criterion with the verdict that its value gives; `unless`: why nothing can be concluded whatever the value. */
export function criterion(given: Given, unless?: Words): Criterion {
  return doubted({ ...given, verdict: verdictOf(given.bound, given.measured) }, unless)
}

/** The same without a conclusion, where there is a reason for none. */
export function doubted(found: Criterion, unless: Words | undefined): Criterion {
  if (unless === undefined) return found
  const { en, ko } = found.evidence
  return { ...found, verdict: 'inconclusive', evidence: words(`${unless.en} ${en}`, `${unless.ko} ${ko}`) }
}

export function skipped(given: Omit<Given, 'measured' | 'evidence'>, why: Words): Criterion {
  return { ...given, measured: null, evidence: why, verdict: 'skipped' }
}

/** Why a load's figures say more about its generator than about what was loaded; undefined when they do not. */
export function generatorFault(
  ...reports: readonly { readonly generator: { readonly why: readonly string[] } }[]
) {
  const why = [...new Set(reports.flatMap(({ generator }) => generator.why))]
  if (why.length === 0) return undefined
  const all = why.join('; ')
  return words(
    `The load generator was the bottleneck (${all}), so nothing is concluded.`,
    `부하 생성기가 병목이었으므로(${all}) 결론을 내리지 않습니다.`,
  )
}
