/** A stage is two real processes that answer, and nothing of it is left when it has stopped. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fineClock } from '../../../src/cli/proof.ts'
import { openStage, type StageDeps } from '../../../src/lab/validate/stage.ts'

const deps: StageDeps = {
  program: {
    file: process.execPath,
    args: [join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts')],
  },
  environment: { PATH: process.env.PATH },
  clock: fineClock,
}

const alive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a message goes from the service to the back end, whose record is read while both run', async (t) => {
  const stage = await openStage(
    { backend: { capacity: 10, serviceMs: 1, seed: 1 }, types: { ORDER: { concurrency: 2 } } },
    deps,
  )
  t.after(() => stage.stop())
  const { service = 0, backend } = stage.pids
  assert.deepEqual([alive(service), alive(backend)], [true, true])
  const answer = await fetch(`${stage.url}/api/message`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'ORDER', content: 'one' }),
  })
  assert.equal(answer.status, 202)
  const { id } = (await answer.json()) as { id: string }
  // The back end tells when it has been served; then it must be in the log.
  while ((await stage.backendStats()).outcomes.served === 0) assert.equal(stage.fallen(), undefined)
  assert.deepEqual(
    (await stage.calls()).map((call) => [call.id, call.outcome]),
    [[id, 'served']],
  )
  await stage.stop()
  await stage.stop()
  assert.deepEqual([alive(service), alive(backend)], [false, false])
  assert.equal(existsSync(stage.dataDir), false)
  assert.equal(stage.fallen(), undefined)
})

test('a service that ends by itself is told, with how it ended', async (t) => {
  const stage = await openStage(
    { backend: { capacity: 10, serviceMs: 1, seed: 1 }, types: { ORDER: {} } },
    deps,
  )
  t.after(() => stage.stop())
  process.kill(stage.pids.service ?? 0, 'SIGKILL')
  while (stage.fallen() === undefined) await stage.backendStats()
  assert.match(stage.fallen() ?? '', /the service: signal SIGKILL/)
})

test('a service that cannot start leaves no back end behind, and the reason is told', async () => {
  const failing = openStage(
    { backend: { capacity: 10, serviceMs: 1, seed: 1 }, types: { ORDER: { concurrency: -1 } } },
    deps,
  )
  await assert.rejects(failing, /the service did not start .*concurrency must be/)
  assert.equal(process.getActiveResourcesInfo().includes('ProcessWrap'), false)
})
