export { BREAKER_RULES, type BreakerRules } from './breaker.ts'
export {
  Consumer,
  type ConsumerOptions,
  type ConsumerProgress,
  type ServedType,
} from './consumer.ts'
export type { ConsumerEvent } from './events.ts'
export { PACE_TOLERANCE_MS } from './gcra.ts'
export { createHttpTarget, type HttpTargetOptions } from './http-target.ts'
export type { LaneFigures, LaneProgress } from './lane-types.ts'
export type { ProcessingContext, Processor } from './processor.ts'
