/**
 * `npm run verify`: everything that must hold before a change is done. Each step prints one line; what a failed one
 * said follows it. `--no-tests` leaves the tests to whoever runs them next.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const tool = (...path: string[]) => join(root, 'node_modules', ...path)

interface Step {
  readonly name: string
  readonly args: readonly string[]
}

const steps: readonly Step[] = [
  { name: 'format and lint', args: [tool('@biomejs', 'biome', 'bin', 'biome'), 'ci', '.'] },
  { name: 'types', args: [tool('typescript', 'lib', 'tsc.js'), '--noEmit'] },
  { name: 'types of the pages', args: [tool('typescript', 'lib', 'tsc.js'), '--noEmit', '-p', 'web'] },
  { name: 'generated documents', args: ['scripts/settings-docs.ts', '--check'] },
  { name: 'build', args: ['scripts/build.ts'] },
  { name: 'the build runs', args: ['dist/cli/main.js', '--version'] },
  { name: 'tidy', args: ['test/run.ts', 'tidy'] },
]
const tests: Step = { name: 'tests', args: ['test/run.ts'] }

function run({ name, args }: Step): boolean {
  const began = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const passed = status === 0
  const tail = args[0] === 'test/run.ts' ? ` (${stdout.trim().split('\n').at(-1)})` : ''
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name}, ${seconds} s${tail}`)
  if (!passed) console.log(`${stdout}${stderr}`.trim().split('\n').slice(-60).join('\n'))
  return passed
}

const wanted = process.argv.includes('--no-tests') ? steps : [...steps.slice(0, -1), tests]
const results = wanted.map(run)
process.exit(results.every(Boolean) ? 0 : 1)
