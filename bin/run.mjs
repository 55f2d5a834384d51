/**
 * Runs a script of this repository, or a tool it depends on, after the same bootstrap as `weir` itself:
 *   node bin/run.mjs test/run.ts [args]        node bin/run.mjs --bin biome [args]
 */
import { join, resolve } from 'node:path'
import { launch, ROOT } from './bootstrap.mjs'

const [first, ...rest] = process.argv.slice(2)
if (first === '--bin') {
  const [name, ...args] = rest
  await launch(join(ROOT, 'node_modules', '.bin', name ?? ''), args, { dev: true, inProcess: false })
} else if (first) {
  await launch(resolve(ROOT, first), rest, { dev: true })
} else {
  process.stderr.write('usage: node bin/run.mjs <script.ts> [args] | --bin <tool> [args]\n')
  process.exit(2)
}
