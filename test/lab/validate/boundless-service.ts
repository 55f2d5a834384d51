/**
 * Weir, sabotaged: `up` runs with the settings that it was given but for pace and slots, which it ignores, as far as
 * the back end bears it: one that broke down would be found out by anybody. Everything else is as it is.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const at = process.argv.indexOf('--config')
const file = process.argv[at + 1]
if (at > 0 && file !== undefined) {
  const config = JSON.parse(readFileSync(file, 'utf8')) as { types: Record<string, object> }
  for (const type of Object.values(config.types)) Object.assign(type, { ratePerSecond: 0, concurrency: 19 })
  writeFileSync(file, JSON.stringify(config))
}
await import(join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts'))
