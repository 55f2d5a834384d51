export { bssProcessors } from './builtin.ts'
export {
  type LegacyAnswer,
  type LegacyBackend,
  type LegacyLoad,
  SimulatedLegacyBackend,
  type SimulationSettings,
} from './legacy-backend.ts'
export { type Line, type LineStatus, OUR_CARRIER } from './line.ts'
export type { ProcessorDeps } from './processor.ts'
export { openLines, readLine } from './registry.ts'
export { BSS_TYPES, type LegacyOutcome, SERVICES, type Service } from './services.ts'
