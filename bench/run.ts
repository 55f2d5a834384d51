/**
 * npm run bench -- [name…] [--quick] [--out FILE] [--markdown] [--readme] [--dir DIR]
 * Runs the named benches (all without a name) one after the other and prints a table for each.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BENCHES } from './benches.ts'
import { factLines, machineFacts } from './harness/facts.ts'
import type { Bench, BenchContext, BenchResult } from './harness/figures.ts'
import { installPeers } from './harness/peers.ts'
import { writeReadme } from './harness/readme.ts'
import { markdown, table } from './harness/report.ts'

const USAGE = `usage: npm run bench -- [name…] [--quick] [--out FILE.json] [--markdown] [--readme] [--dir DIR]

  --quick      short rounds that show that everything runs; the figures are no verdict
  --out        the figures and the machine facts as JSON
  --markdown   tables to paste instead of plain ones
  --readme     puts the tables into bench/README.md
  --dir        where the data goes; choose the disk to be measured (default: bench/.cache)

${BENCHES.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join('\n')}`

const { values, positionals } = readArgs()
const chosen = positionals.length === 0 ? BENCHES : positionals.map(named)
const quick = values.quick ?? false
const base = resolve(values.dir ?? fileURLToPath(new URL('.cache', import.meta.url)))
mkdirSync(base, { recursive: true })
const root = mkdtempSync(join(base, 'run-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const say = (line: string): void => {
  process.stderr.write(`  ${line}\n`)
}
const facts = machineFacts(root, quick)
const results: Record<string, BenchResult> = {}
const paper = values.markdown ?? false
console.log(
  factLines(facts)
    .map((line) => (paper ? `- ${line}` : line))
    .join('\n'),
)
const missing = installPeers(say)
if (missing) say(missing)
let failed = 0
for (const bench of chosen) await runOne(bench)
if (values.out) writeFileSync(values.out, `${JSON.stringify({ facts, results }, null, 2)}\n`)
process.exit(failed > 0 ? 1 : 0)

async function runOne(bench: Bench): Promise<void> {
  say(`${bench.name} …`)
  let made = 0
  const newDir: BenchContext['newDir'] = (name) => {
    const dir = join(root, `${bench.name}-${++made}-${name}`)
    mkdirSync(dir, { recursive: true })
    return dir
  }
  try {
    const result = await bench.run({ quick, newDir, say })
    results[bench.name] = result
    if (values.readme) writeReadme(bench, result, facts)
    console.log(paper ? `\n${markdown(bench, result, quick)}` : table(bench, result, quick))
  } catch (error) {
    failed++
    console.error(`\n${bench.name} failed: ${error instanceof Error ? error.stack : String(error)}`)
  }
}

function named(name: string): Bench {
  const bench = BENCHES.find((one) => one.name === name)
  if (bench) return bench
  console.error(`no bench "${name}"\n${USAGE}`)
  process.exit(2)
}

function readArgs() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean' },
        markdown: { type: 'boolean' },
        readme: { type: 'boolean' },
        help: { type: 'boolean' },
        out: { type: 'string' },
        dir: { type: 'string' },
      },
    })
    if (!parsed.values.help) return parsed
    console.log(USAGE)
    process.exit(0)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`)
    process.exit(2)
  }
}
