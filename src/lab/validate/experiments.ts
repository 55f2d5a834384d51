/** All experiments, in the order in which they run. */
import { autoScaling } from './auto-scaling.ts'
import { burstLeveling } from './burst-leveling.ts'
import type { ExperimentKind } from './experiment.ts'
import { monitoringImpact } from './monitoring-impact.ts'
import { queueBuffering } from './queue-buffering.ts'
import { stability } from './stability.ts'
import { systemProtection } from './system-protection.ts'
import { throughputGain } from './throughput-gain.ts'
import { topology } from './topology.ts'

export const EXPERIMENTS: readonly ExperimentKind[] = [
  burstLeveling,
  systemProtection,
  queueBuffering,
  stability,
  autoScaling,
  monitoringImpact,
  throughputGain,
  topology,
]
