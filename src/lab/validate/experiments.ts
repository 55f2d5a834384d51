/** All experiments, in the order in which they run. */
import type { ExperimentKind } from './experiment.ts'

export const EXPERIMENTS: readonly ExperimentKind[] = []
