/** What commands share: where to write, how to lay out, and how a command ends. */
import { environment, idMaker, realClock, realRandom } from '../app/index.ts'
import { WeirClient } from '../client/index.ts'

/** Ends the command with one line on stderr. */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Options that every command has. */
export interface GlobalOptions {
  readonly apiUrl?: string
  readonly json?: boolean
}

/** `--api-url`, else WEIR_API_URL, else the local service on API_PORT. */
export function apiUrl(options: GlobalOptions): string {
  const env = environment()
  const url = options.apiUrl ?? (env.WEIR_API_URL || `http://127.0.0.1:${env.API_PORT || 8000}`)
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new CommandError(`the API's address must be an http:// or https:// URL; found ${url}`, 2)
  }
  return url
}

/** A client with few and short retries: a person is waiting. */
export function clientFor(options: GlobalOptions, retries = 1, keys = true): WeirClient {
  const newKey = idMaker(realClock)
  const baseUrl = apiUrl(options)
  return new WeirClient({ baseUrl, clock: realClock, random: realRandom, newKey, retries, keys })
}

/** The same for sending: whether the service does idempotency keys is asked of it once; sending tells what fails. */
export async function senderFor(options: GlobalOptions): Promise<{ client: WeirClient; keys: boolean }> {
  const client = clientFor(options, 3)
  const abilities = await clientFor(options, 0)
    .abilities()
    .catch(() => undefined)
  if (abilities?.idempotency !== false) return { client, keys: true }
  return { client: clientFor(options, 3, false), keys: false }
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** Columns as wide as their widest cell; numbers to the right. Korean letters take two places on a terminal. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => columns(row[column] ?? ''))))
  const isNumber = headings.map((_, column) =>
    rows.every((row) => /^[\d.,]*( ?(\w{1,2}|min))?$|^-$/.test(row[column] ?? '')),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => {
        const space = ' '.repeat((widths[column] ?? 0) - columns(cell))
        return isNumber[column] ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd()
  return all.map(line).join('\n')
}

/** Places that a text takes on a terminal. */
export function columns(text: string): number {
  let width = 0
  for (const char of text) width += /[ᄀ-ᅟ⺀-꓏가-힣豈-﫿＀-｠]/.test(char) ? 2 : 1
  return width
}

/** 950 ms, 12 s, 4.5 min, 2.0 h; a dash for what is not known. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '-'
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  return ms < 7_200_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** A number given as an option; commander hands over text. */
export function numberOption(name: string, min: number, max: number, whole = true): (text: string) => number {
  return (text) => {
    const value = Number(text)
    const fits = text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value))
    if (fits) return value
    throw new CommandError(
      `${name} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}; found ${text}`,
      2,
    )
  }
}
