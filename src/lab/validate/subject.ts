/** What an experiment sends its messages to: a stage of its own, or a service that was running before. */
import type { TypeInfo } from '../../client/index.ts'
import { type LoggedCall, readCallLog } from '../backend/call-log.ts'
import type { Words } from '../report/document.ts'
import { StageError } from './child.ts'
import type { ExperimentContext, RunningService } from './experiment.ts'
import { words } from './findings.ts'
import type { Stage, StageOptions } from './stage.ts'

export interface Subject {
  readonly url: string
  /** The type whose messages are sent, with its pace (null = none) and its slots. */
  readonly type: string
  readonly pacePerSecond: number | null
  readonly slots: number
  /** Absent for a running service: it is judged from outside. */
  readonly stage?: Stage
  /** What the back end wrote down so far; null where its record is not to be had. Rejects with CallLogError. */
  readonly calls: () => Promise<LoggedCall[] | null>
  /**
   * How much later than it came the back end may have noted a call, at most, as far as it tells; milliseconds. null
   * where it cannot be asked, and what it wrote down has to do.
   */
  readonly lateMs: () => Promise<number | null>
  /** How a process ended that nobody had asked to end. */
  readonly fallen: () => string | undefined
}

/** Why something of a running service was not measured. */
export const NO_RECORD: Words = words(
  'A running service is judged from outside, and what its back end did is not seen there; ' +
    '--backend-log FILE, as weir backend --log writes it, tells.',
  '실행 중인 서비스는 밖에서 판정하므로 백엔드가 한 일은 보이지 않습니다. weir backend --log 가 쓴 파일을 --backend-log FILE 로 주면 측정합니다.',
)
export const NO_PROCESSES: Words = words(
  'The processes of a running service are not known from outside; without --api-url the service is ' +
    'started for the measurement.',
  '실행 중인 서비스의 프로세스는 밖에서 알 수 없습니다. --api-url 없이 실행하면 측정용 서비스를 직접 띄웁니다.',
)
export const NO_PACE: Words = words(
  'The type has no pace (ratePerSecond 0), so there is nothing that its output could exceed.',
  '이 타입에는 속도 제한(ratePerSecond 0)이 없어 초과 여부를 판정할 기준이 없습니다.',
)

/** The running service of the command line, else a stage with one type. Rejects with StageError. */
export async function subjectOf(context: ExperimentContext, options: StageOptions): Promise<Subject> {
  return context.running ? runningSubject(context, context.running) : stageSubject(context, options)
}

async function stageSubject(context: ExperimentContext, options: StageOptions): Promise<Subject> {
  const [type, setup] = Object.entries(options.types ?? {})[0] ?? []
  if (type === undefined || setup === undefined) throw new StageError('a stage needs a type')
  const stage = await context.stage(options)
  const { ratePerSecond = 0, concurrency = 10 } = setup
  return {
    ...{ url: stage.url, type, pacePerSecond: ratePerSecond > 0 ? ratePerSecond : null, slots: concurrency },
    stage,
    calls: () => stage.calls(),
    lateMs: async () => (await stage.backendStats()).loopLagMs.max,
    fallen: () => stage.fallen(),
  }
}

async function runningSubject(context: ExperimentContext, running: RunningService): Promise<Subject> {
  const { url, backendLog, messageType } = running
  const types = await context.client(url).types()
  const { name, ratePerSecond, concurrency } = chosenType(types, messageType)
  return {
    ...{ url, type: name, pacePerSecond: ratePerSecond > 0 ? ratePerSecond : null, slots: concurrency },
    calls: () => (backendLog === undefined ? Promise.resolve(null) : readAll(backendLog)),
    lateMs: () => Promise.resolve(null),
    fallen: () => undefined,
  }
}

/** The one that was named; else one that goes to a back end of its own, for that is what levelling is for. */
function chosenType(types: readonly TypeInfo[], named: string | undefined): TypeInfo {
  const isNamed = ({ name, aliases }: TypeInfo) =>
    [name, ...aliases].some((one) => one.toUpperCase() === named?.trim().toUpperCase())
  const found =
    named === undefined
      ? (types.find(({ handler }) => !handler.startsWith('builtin:')) ?? types[0])
      : types.find(isNamed)
  if (found) return found
  const names = types.map(({ name }) => name).join(', ')
  throw new StageError(`the service has no type ${named ?? 'at all'}; it has ${names || 'none'}`)
}

async function readAll(file: string): Promise<LoggedCall[]> {
  const calls: LoggedCall[] = []
  for await (const call of readCallLog(file)) calls.push(call)
  return calls
}
