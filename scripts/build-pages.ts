/**
 * Builds the web pages into `dist/pages`, and says in a stamp what they were built from. `npm run build` calls it, and
 * so does the first `weir up` of a clone (`bin/pages.mjs`), which keeps the same stamp.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build, type Plugin } from 'vite'
import { pagesReason, STAMP, sourcesHash } from '../bin/pages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pages = join(root, 'dist', 'pages')

/** What would need Node does not belong into a browser: an import of it is a mistake, not something to leave out. */
const browserOnly: Plugin = {
  name: 'browser-only',
  enforce: 'pre',
  resolveId(id, importer) {
    if (!id.startsWith('node:')) return null
    throw new Error(`${relative(root, importer ?? '')} imports ${id}, which a browser does not have`)
  },
}

/** The room's pages, into `folder`. Rejects with the bundler's own message. */
export async function buildRoomPages(folder: string): Promise<void> {
  const source = join(root, 'web', 'room')
  await build({
    root: source,
    configFile: false,
    logLevel: 'warn',
    // Addresses are absolute: the pages are served from the root, at several depths.
    base: '/',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    plugins: [browserOnly],
    build: {
      outDir: folder,
      emptyOutDir: true,
      assetsDir: 'assets',
      // An image within the text would need `data:` in the policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: { input: [join(source, 'index.html'), join(source, 'admin.html')] },
    },
  })
}

/** Beside each asset: at a sale's opening everybody loads the page at once, and it is a third of its size then. */
function compress(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const content = readFileSync(path)
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
    writeFileSync(`${path}.br`, brotliCompressSync(content))
  }
}

/** Beside the old ones first, and then in their place: a build that fails leaves what was there. */
export async function buildPages(): Promise<void> {
  mkdirSync(pages, { recursive: true })
  // Two may build at once; each has a folder of its own.
  const fresh = join(pages, `.room-${process.pid}`)
  const target = join(pages, 'room')
  const hash = sourcesHash(root)
  try {
    await buildRoomPages(fresh)
    compress(join(fresh, 'assets'))
    writeFileSync(join(fresh, STAMP), `${hash}\n`)
    replace(target, fresh)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/**
 * Another build may have put its own there meanwhile, or do so between the two steps. What is of the present sources
 * stays, because it may be served already; what is of older ones goes.
 */
function replace(target: string, fresh: string): void {
  for (let tries = 1; pagesReason(root) !== undefined; tries++) {
    try {
      rmSync(target, { recursive: true, force: true })
      return renameSync(fresh, target)
    } catch (error) {
      if (tries === 5) throw error
    }
  }
}

/** The reason in one line: the bundler's own message draws pictures around it. */
function reasonOf(error: unknown): string {
  const { errors } = error as { readonly errors?: readonly unknown[] }
  const first = errors?.[0] ?? error
  const text = first instanceof Error ? first.message : String(first)
  return stripVTControlCharacters(text).replaceAll(/\s+/g, ' ').trim().slice(0, 300)
}

if (import.meta.main) {
  try {
    await buildPages()
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`)
    process.exitCode = 1
  }
}
