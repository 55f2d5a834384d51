/** What an experiment is given and what it gives back. The runner adds what is the same for all of them. */
import type { WeirClient } from '../../client/index.ts'
import type { Clock } from '../../core/index.ts'
import type { Experiment, ExperimentReport, Words } from '../report/document.ts'
import type { Stage, StageOptions } from './stage.ts'

/** What was asked for on the command line; an experiment takes its own default for what was not. */
export interface ValidationFlags {
  /** Messages of a burst. */
  readonly burstSize?: number
  readonly durationSeconds?: number
  /** Messages per second. */
  readonly sustainedLoad?: number
  /** Percent of one core. */
  readonly targetCpu?: number
}

/** A service that was running before; it is judged from outside and its settings are left alone. */
export interface RunningService {
  readonly url: string
  /** What its back end did, as `weir backend --log` writes it; without it that is not measured. */
  readonly backendLog?: string
  /** The type whose messages are sent; one that goes to a back end of its own unless given. */
  readonly messageType?: string
}

export interface Brokers {
  readonly rabbitmqUrl?: string
  readonly redisUrl?: string
  /** Takes everything of a queue of that name with these types off the broker of `rabbitmqUrl`. */
  readonly removeQueue?: (queueName: string, types: readonly string[]) => Promise<void>
}

export interface ExperimentContext {
  /** `now()` with fractions of a millisecond. */
  readonly clock: Clock
  /** Every chance is drawn from it, so that a run can be repeated. */
  readonly seed: number
  /** Names a load uniquely among all runs (`run` of LoadOptions). */
  readonly newRun: () => string
  /** All eight together stay under three minutes: 15 to 20 s for each experiment, its stages' starts included. */
  readonly quick: boolean
  readonly flags: ValidationFlags
  /** Absent: a stage of one's own is the service. */
  readonly running?: RunningService
  /** For experiments that can use them; what was not given is not there. Stages do not see them unless handed on. */
  readonly brokers: Brokers
  /** Starts a stage; the runner stops it when the experiment is over, however that ends. Rejects with StageError. */
  readonly stage: (options: StageOptions) => Promise<Stage>
  readonly client: (url: string) => WeirClient
  /** A directory for files of this run; removed at its end. */
  readonly scratch: string
  /** The run is to end; an experiment then gives what it has. */
  readonly signal: AbortSignal
  /** One line for people about what goes on now. */
  readonly progress: (line: string) => void
}

export type ExperimentFindings = Pick<
  ExperimentReport,
  'criteria' | 'figures' | 'comparisons' | 'charts' | 'summary' | 'notMeasured'
>

export interface ExperimentKind {
  readonly name: Experiment
  readonly title: Words
  /** Never rejects for what the service does: that is a failed criterion. Rejects with StageError when it cannot be. */
  readonly run: (context: ExperimentContext) => Promise<ExperimentFindings>
}
