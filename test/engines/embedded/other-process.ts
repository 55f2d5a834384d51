/** Another process that opens a data directory, says how that went, and keeps it open until it is ended. */
import { embeddedEngine } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

const [, , dir = '', host] = process.argv
const engine = embeddedEngine(dir, new FakeClock(), { host: host === 'worker' ? 'worker' : 'inline' })
try {
  await engine.start()
  process.stdout.write('open\n')
  process.stdin.resume()
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}\n`)
  process.exitCode = 1
}
