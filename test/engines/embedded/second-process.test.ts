/** One data directory, one process. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { accepted, countsOf, refuses } from '../../conformance/subject.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

const OTHER = fileURLToPath(new URL('./other-process.ts', import.meta.url))

function other(dir: string, host: string) {
  const child = spawn(process.execPath, [OTHER, dir, host], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said = once(child.stdout, 'data').then(([chunk]) => String(chunk).trim())
  return { child, said }
}

for (const host of ['inline', 'worker'] as const) {
  test(`a second process is told data_dir_in_use and the first goes on (${host})`, async () => {
    const dir = newDataDir()
    const engine = embeddedEngine(dir, new FakeClock(), { host })
    try {
      await engine.start()
      await accepted(engine)
      const { child, said } = other(dir, host)
      const ended = once(child, 'exit')
      assert.equal(await said, 'data_dir_in_use')
      await ended
      await accepted(engine)
      assert.equal(countsOf(engine).ready, 2)
    } finally {
      await engine.stop()
      removeDataDir(dir)
    }
  })
}

test('the directory of a process that was killed is free again', async () => {
  const dir = newDataDir()
  const { child, said } = other(dir, 'worker')
  try {
    assert.equal(await said, 'open')
    await refuses(embeddedEngine(dir, new FakeClock()).start(), 'data_dir_in_use')
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    const engine = embeddedEngine(dir, new FakeClock())
    await engine.start()
    await accepted(engine)
    await engine.stop()
  } finally {
    child.kill('SIGKILL')
    removeDataDir(dir)
  }
})
