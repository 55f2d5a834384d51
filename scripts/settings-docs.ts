/** Writes the generated documents (`npm run docs`), or with --check only says which are stale. */
import { mkdirSync } from 'node:fs'
import { staleDocuments, writeDocuments } from './generate.ts'

if (process.argv.includes('--check')) {
  const stale = staleDocuments()
  for (const file of stale) console.error(`${file} is not as generated; run: npm run docs`)
  process.exit(stale.length === 0 ? 0 : 1)
}
mkdirSync('docs/reference', { recursive: true })
writeDocuments()
