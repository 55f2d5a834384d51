/**
 * Runs experiments one after the other and puts their findings together. Owns the stages that they start and a
 * directory for their files; both are gone when it resolves, also when an experiment failed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { arch, availableParallelism, cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { WeirClientError } from '../../client/index.ts'
import { CallLogError } from '../backend/call-log.ts'
import {
  type Criterion,
  type Environment,
  type Experiment,
  type ExperimentReport,
  VALIDATION_VERSION,
  type ValidationReport,
} from '../report/document.ts'
import { StageError } from './child.ts'
import type { ExperimentContext, ExperimentFindings, ExperimentKind, RunningService } from './experiment.ts'
import { EXPERIMENTS } from './experiments.ts'
import { words } from './findings.ts'
import { gradeOf, verdictOfAll } from './grade.ts'
import { openStage, type Stage, type StageDeps } from './stage.ts'

export interface ValidationOptions
  extends Pick<
      ExperimentContext,
      'clock' | 'seed' | 'newRun' | 'quick' | 'flags' | 'brokers' | 'client' | 'signal'
    >,
    Pick<StageDeps, 'program' | 'environment'> {
  /** In the order of EXPERIMENTS, whatever their order here. */
  readonly experiments: readonly Experiment[]
  readonly running?: RunningService
  readonly weirVersion: string
  /** What goes on now, in an experiment. */
  readonly onProgress: (experiment: Experiment, line: string) => void
  readonly onExperiment: (report: ExperimentReport) => void
}

/** Experiments that there are. */
export const experimentNames = (): Experiment[] => EXPERIMENTS.map(({ name }) => name)

/** Never rejects for what the service does. An experiment that could not be set up is a failed criterion of it. */
export async function runValidation(options: ValidationOptions): Promise<ValidationReport> {
  const { clock, seed, quick, running, signal, experiments: wanted } = options
  const startedAt = clock.now()
  const environment = await environmentOf(options)
  const scratch = await mkdtemp(join(tmpdir(), 'weir-validate-'))
  const experiments: ExperimentReport[] = []
  try {
    for (const kind of EXPERIMENTS) {
      if (!wanted.includes(kind.name) || signal.aborted) continue
      const report = await runOne(kind, options, { scratch, startedAt })
      experiments.push(report)
      options.onExperiment(report)
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return {
    ...{
      kind: 'validation',
      version: VALIDATION_VERSION,
      startedAt,
      seconds: (clock.now() - startedAt) / 1000,
    },
    ...{ quick, seed, url: running?.url ?? null, environment, experiments, ...gradeOf(experiments) },
    interrupted: signal.aborted,
  }
}

async function runOne(
  kind: ExperimentKind,
  options: ValidationOptions,
  { scratch, startedAt }: { readonly scratch: string; readonly startedAt: number },
): Promise<ExperimentReport> {
  const { clock, signal, program, environment } = options
  const stages: Stage[] = []
  const began = clock.now()
  const context: ExperimentContext = {
    ...options,
    scratch,
    progress: (line) => options.onProgress(kind.name, line),
    async stage(setup) {
      const stage = await openStage(setup, { program, environment, clock, signal })
      stages.push(stage)
      return stage
    },
  }
  let findings: ExperimentFindings
  try {
    findings = await kind.run(context)
  } catch (error) {
    findings = couldNotRun(kind, error, signal)
  } finally {
    for (const stage of stages) await stage.stop()
  }
  const criteria = signal.aborted ? findings.criteria.map(interrupted) : findings.criteria
  return {
    ...findings,
    ...{ experiment: kind.name, title: kind.title, criteria, verdict: verdictOfAll(criteria) },
    startedAtSeconds: (began - startedAt) / 1000,
    seconds: (clock.now() - began) / 1000,
  }
}

/** What an experiment that was cut short had not reached yet is no failure of the service. */
function interrupted(found: Criterion): Criterion {
  if (found.verdict !== 'failed') return found
  const { en, ko } = found.evidence
  const told = words(`Interrupted before it was over. ${en}`, `끝나기 전에 중단되었습니다. ${ko}`)
  return { ...found, verdict: 'inconclusive', evidence: told }
}

/** What the world can do wrong with an experiment; our own bugs go on their way. */
const isOfTheWorld = (error: unknown): error is Error =>
  error instanceof StageError ||
  error instanceof WeirClientError ||
  error instanceof CallLogError ||
  // What fetch says of a process that is gone or does not answer in time.
  (error instanceof TypeError && error.message === 'fetch failed') ||
  (error instanceof DOMException && (error.name === 'TimeoutError' || error.name === 'AbortError'))

function couldNotRun({ name }: ExperimentKind, error: unknown, signal: AbortSignal): ExperimentFindings {
  if (!isOfTheWorld(error)) throw error
  const why = error.message
  const failed: Criterion = {
    id: `${name}.ran`,
    title: words('The experiment could be carried out', '실험을 수행할 수 있음'),
    bound: { kind: 'exactly', value: 1 },
    measured: 0,
    unit: '',
    verdict: signal.aborted ? 'inconclusive' : 'failed',
    evidence: words(why, why),
  }
  return {
    ...{ criteria: [failed], figures: [], comparisons: [], charts: [] },
    summary: words(`It could not be carried out: ${why}`, `수행할 수 없었습니다: ${why}`),
    notMeasured: [],
  }
}

async function environmentOf({ running, client, weirVersion }: ValidationOptions): Promise<Environment> {
  const told =
    running &&
    (await client(running.url)
      .status()
      .catch(() => undefined))
  const [load = 0] = loadavg()
  return {
    weir: weirVersion,
    node: process.versions.node,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? '',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    // Windows has none and tells 0.
    loadBefore: platform() === 'win32' ? null : load,
    engine: running ? (told?.engine ?? null) : 'embedded',
  }
}
