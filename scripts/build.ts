/** `npm run build`: the published `dist`: JavaScript, declarations, the engine's worker, and the web pages. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPages } from './build-pages.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = join(root, 'dist')
rmSync(out, { recursive: true, force: true })
const tsc = join(root, 'node_modules', 'typescript', 'lib', 'tsc.js')
execFileSync(process.execPath, [tsc, '-p', join(root, 'scripts', 'tsconfig.build.json')], {
  stdio: 'inherit',
})
for (const source of globSync('src/**/*.ts', { cwd: root })) {
  const made = join(out, source.slice('src/'.length).replace(/\.ts$/, '.js'))
  if (!existsSync(made)) throw new Error(`${source} was not built`)
}
await buildPages()
