import type { Processor } from '../consumer/index.ts'
import { change } from './change.ts'
import type { Rules } from './line.ts'
import { mnp } from './mnp.ts'
import { createProcessor, type ProcessorDeps } from './processor.ts'
import { subscription } from './subscription.ts'
import { termination } from './termination.ts'

const RULES: readonly Rules[] = [subscription, mnp, change, termination]

/** The built-in processors by the names that settings use, `bss:subscription` and so on. */
export function bssProcessors(deps: ProcessorDeps): ReadonlyMap<string, Processor> {
  return new Map(RULES.map((rules) => [`bss:${rules.service}`, createProcessor(rules, deps)]))
}
