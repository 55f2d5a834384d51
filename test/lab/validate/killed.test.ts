/** A service that dies under the load is a finding, told with how it died; it does not take the validator along. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stability } from '../../../src/lab/validate/stability.ts'
import type { Stage } from '../../../src/lab/validate/stage.ts'
import { experimentContext } from './experiment-context.ts'

test('a service that is killed under a sustained load fails by its end and by what it could not take', async (t) => {
  let stage: Stage | undefined
  const context = experimentContext((end) => t.after(end), {
    flags: { durationSeconds: 4, sustainedLoad: 40 },
    progress(line) {
      if (!/messages sent$/.test(line) || stage?.pids.service === undefined || stage.fallen() !== undefined)
        return
      process.kill(stage.pids.service, 'SIGKILL')
    },
  })
  const { criteria } = await stability.run({
    ...context,
    async stage(options) {
      stage = await context.stage(options)
      return stage
    },
  })
  const found = new Map(criteria.map((one) => [one.id.replace('stability.', ''), one]))
  assert.deepEqual([found.get('restarts')?.verdict, found.get('accepted')?.verdict], ['failed', 'failed'])
  assert.match(found.get('restarts')?.evidence.en ?? '', /signal SIGKILL/)
  // What it had acknowledged is on its disk: nobody can say that it is lost.
  const { unfinished, lost, duplicated } = Object.fromEntries(found)
  assert.deepEqual([lost?.verdict, duplicated?.verdict], ['passed', 'passed'])
  assert.ok(unfinished?.measured === 0 || unfinished?.verdict === 'failed')
})
