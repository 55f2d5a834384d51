/**
 * The web pages of a clone: built at the first start that serves them, and again when what they are made of has
 * changed. Contents are compared, not times. A build that fails stops nothing: the service says so, and so does the page.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Beside the built pages: what they were built from. */
export const STAMP = 'built-from.txt'

/** Commands that serve the pages. */
const SERVING = new Set(['up', 'room'])
const IMPORT = /(?:from|import)\s*\(?\s*['"](\.[^'"\n]+)['"]/g

/** Of everything under web/, what that imports from elsewhere in the repository, the build and the dependencies. */
export function sourcesHash(root) {
  const files = new Set()
  const add = (file) => {
    if (files.has(file)) return
    files.add(file)
    if (!/\.tsx?$/.test(file)) return
    for (const [, target] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const imported = join(dirname(file), target)
      if (existsSync(imported)) add(imported)
    }
  }
  const listed = readdirSync(join(root, 'web'), { recursive: true, withFileTypes: true })
  for (const entry of listed) if (entry.isFile()) add(join(entry.parentPath ?? entry.path, entry.name))
  add(join(root, 'scripts', 'build-pages.ts'))
  add(join(root, 'package-lock.json'))
  const hash = createHash('sha256')
  for (const file of [...files].sort()) {
    const content = readFileSync(file)
    hash.update(`${relative(root, file)}\n${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

/** Why the pages have to be built, or undefined when they need not be. */
export function pagesReason(root) {
  // A published package brings them.
  if (!existsSync(join(root, 'web'))) return undefined
  let stamp
  try {
    stamp = readFileSync(join(root, 'dist', 'pages', 'room', STAMP), 'utf8').trim()
  } catch {
    return 'is not built yet'
  }
  return stamp === sourcesHash(root) ? undefined : 'has changed'
}

/** For `launch`: before a command that serves pages, on the Node that runs the program. */
export function buildStalePages(root, node, args) {
  const command = args.find((arg) => !arg.startsWith('-'))
  if (!SERVING.has(command)) return
  try {
    const reason = pagesReason(root)
    if (!reason) return
    process.stderr.write(`weir: the waiting room's page ${reason}; building it (once)\n`)
    const script = join(root, 'scripts', 'build-pages.ts')
    const { status, error, stderr } = spawnSync(node, [script], {
      cwd: root,
      encoding: 'utf8',
      // stdout stays the program's own.
      stdio: ['ignore', 2, 'pipe'],
    })
    if (status === 0) return
    // The build's last line is the reason. One that did not even begin (no bundler here) ended with an error of Node's.
    const lines = (stderr ?? '').trim().split('\n')
    unbuilt(error?.message ?? lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '')
  } catch (error) {
    unbuilt(error.message)
  }
}

function unbuilt(why) {
  process.stderr.write(`weir: the waiting room's page could not be built, everything else goes on (${why})\n`)
}
