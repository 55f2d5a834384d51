/**
 * The four services as data (CONTRACT section 3): how long the legacy back end takes and what it answers,
 * how often. The figures describe the simulation; which answers are refusals is a rule of the processors.
 */
import type { MessageType } from '../core/index.ts'

export type Service = 'subscription' | 'mnp' | 'change' | 'termination'

export interface LegacyOutcome {
  /** The business outcome as users see it. */
  readonly name: string
  /** The same in English. */
  readonly meaning: string
  /** Of all answers, 0–1. */
  readonly share: number
  /** The legacy system says no: final, and the registry stays as it is. */
  readonly refusal: boolean
}

export interface ServiceProfile {
  /** The service time is uniform between these, milliseconds, before the speed factor. */
  readonly minMs: number
  readonly maxMs: number
  readonly outcomes: readonly LegacyOutcome[]
}

function outcome(name: string, meaning: string, share: number, refusal = false): LegacyOutcome {
  return { name, meaning, share, refusal }
}

export const SERVICES: Readonly<Record<Service, ServiceProfile>> = {
  subscription: {
    minMs: 100,
    maxMs: 2000,
    outcomes: [
      outcome('신규가입', 'new subscription', 0.8),
      outcome('재가입', 'renewed subscription', 0.15),
      outcome('가입실패', 'subscription failed', 0.05, true),
    ],
  },
  mnp: {
    minMs: 1000,
    maxMs: 5000,
    outcomes: [
      outcome('이동완료', 'ported', 0.6),
      outcome('이동대기', 'porting is pending', 0.25),
      outcome('이동취소', 'porting was cancelled', 0.1),
      outcome('이동실패', 'porting failed', 0.05, true),
    ],
  },
  change: {
    minMs: 500,
    maxMs: 3000,
    outcomes: [
      outcome('개인전환', 'moved to a person', 0.4),
      outcome('법인전환', 'moved to a company', 0.25),
      outcome('가족간이동', 'moved within the family', 0.25),
      outcome('변경실패', 'change failed', 0.1, true),
    ],
  },
  termination: {
    minMs: 1000,
    maxMs: 4000,
    outcomes: [
      outcome('일반해지', 'terminated', 0.5),
      outcome('즉시해지', 'terminated at once', 0.25),
      outcome('번호보존해지', 'terminated, number kept', 0.15),
      outcome('해지실패', 'termination failed', 0.1, true),
    ],
  },
}

/** The types that exist unless the settings say otherwise, with the built-in processor of each. */
export const BSS_TYPES: readonly {
  readonly name: MessageType
  readonly aliases: readonly string[]
  readonly builtin: string
}[] = [
  { name: 'SUBSCRIPTION', aliases: ['가입'], builtin: 'bss:subscription' },
  { name: 'MNP', aliases: ['번호이동'], builtin: 'bss:mnp' },
  { name: 'CHANGE', aliases: ['명의변경'], builtin: 'bss:change' },
  { name: 'TERMINATION', aliases: ['해지'], builtin: 'bss:termination' },
]

/** The English meaning of an outcome of `service`; undefined for a name that is not one. */
export function outcomeNamed(service: Service, name: string): LegacyOutcome | undefined {
  return SERVICES[service].outcomes.find((candidate) => candidate.name === name)
}
