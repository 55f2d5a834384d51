/** What the runner hands to an experiment, for tests that run one alone: real processes, quick, the same seed. */
import { join } from 'node:path'
import { idMaker, realClock, realRandom } from '../../../src/app/index.ts'
import { fineClock } from '../../../src/cli/proof.ts'
import { WeirClient } from '../../../src/client/index.ts'
import type { ExperimentContext } from '../../../src/lab/validate/experiment.ts'
import { openStage, type Stage } from '../../../src/lab/validate/stage.ts'
import { bareEnvironment } from '../../fixtures/environment.ts'
import type { Cleanup } from '../../fixtures/rabbitmq.ts'
import { temporaryDirectory } from '../../fixtures/weir-process.ts'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts')

/** `cleanup` ends whatever stage the experiment has left running. `main`: the program, for one that is sabotaged. */
export function experimentContext(
  cleanup: Cleanup,
  given: Partial<ExperimentContext> = {},
  main = MAIN,
): ExperimentContext {
  const stages: Stage[] = []
  const scratch = temporaryDirectory()
  cleanup(async () => {
    for (const stage of stages) await stage.stop()
    scratch.remove()
  })
  const newId = idMaker(realClock)
  return {
    ...{ clock: fineClock, seed: 7, quick: true, flags: {}, brokers: {} },
    scratch: scratch.path,
    newRun: () => newId().slice(-12),
    async stage(options) {
      const stage = await openStage(options, {
        program: { file: process.execPath, args: [main] },
        environment: bareEnvironment(),
        clock: fineClock,
      })
      stages.push(stage)
      return stage
    },
    client: (baseUrl) =>
      new WeirClient({ baseUrl, clock: realClock, random: realRandom, newKey: newId, retries: 0 }),
    signal: new AbortController().signal,
    progress: () => {},
    ...given,
  }
}
