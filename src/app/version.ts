import { readFileSync } from 'node:fs'

/** From package.json, which lies two levels up from here both in `src` and in `dist`. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
