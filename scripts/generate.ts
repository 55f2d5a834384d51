/** The documents that are made from code: what they should hold now. `npm run docs` writes them, verify
compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { describeRow, NAMES } from '../src/app/index.ts'
import { makeProgram } from '../src/cli/program.ts'
import { ERRORS } from '../src/core/index.ts'
import { ROOM_ERRORS } from '../src/waiting-room/index.ts'

export interface Generated {
  readonly file: string
  readonly text: string
}

const escaped = (text: string) => text.replaceAll('|', '\\|')

function settingsTable(headings: readonly string[]): string {
  const rows = NAMES.map((name) => {
    const { env, fallback, range, description } = describeRow(name)
    const variables = env.map((variable) => `\`${variable}\``).join(' / ')
    return `| ${[variables, `\`${name}\``, fallback, range, description].map(escaped).join(' | ')} |`
  })
  return [`| ${headings.join(' | ')} |`, `|${' --- |'.repeat(headings.length)}`, ...rows].join('\n')
}

const ENGLISH = ['environment variable', 'in weir.config.json', 'default', 'must be', 'meaning']
const KOREAN = ['환경 변수', 'weir.config.json 키', '기본값', '허용 값', '의미']

/** The list that `weir --help` prints. */
function commandList(): string {
  const list = /^Commands:\n((?: .*\n)+)/m.exec(
    makeProgram().configureHelp({ helpWidth: 100 }).helpInformation(),
  )
  if (list?.[1] === undefined) throw new Error('no list of commands in the help')
  return `\`\`\`\n${list[1]}\`\`\``
}

/** Everything that is generated; a readme that does not exist, or has no place for a part, is left as it is. */
export function generated(read: (file: string) => string | undefined): Generated[] {
  const list: Generated[] = [
    { file: 'docs/reference/settings.md', text: settingsPage() },
    { file: 'docs/reference/errors.md', text: errorsPage() },
  ]
  for (const [file, headings] of [
    ['README.md', ENGLISH],
    ['README.ko.md', KOREAN],
  ] as const) {
    const old = read(file)
    if (old === undefined) continue
    const text = filledIn(filledIn(old, 'commands', commandList()), 'settings', settingsTable(headings))
    list.push({ file, text })
  }
  return list
}

/** With `part` between the two comments of that name, if they are there. */
function filledIn(text: string, name: string, part: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) return text
  return `${text.slice(0, from + start.length)}\n\n${part}\n\n${text.slice(to)}`
}

function settingsPage(): string {
  return `# Settings

Generated from \`src/app/settings-table.ts\` by \`npm run docs\`; changes here are overwritten.

A value is taken from the first place that has it: an option of the command (\`--port 8001\`, \`--set
maxRetries=5\`),
the environment, \`weir.config.json\`, the default. \`weir config\` shows each value and where it comes
from. A value out
of range stops the start with one line. The file is \`./weir.config.json\` unless \`--config\` or
\`WEIR_CONFIG\` names another.

${settingsTable(ENGLISH)}

## Types in weir.config.json

\`\`\`json
{
  "concurrency": 20,
  "types": {
    "INVOICE": { "target": "http://127.0.0.1:9000/invoices", "ratePerSecond": 20, "aliases": ["청구"] },
    "MNP": { "ratePerSecond": 5, "concurrency": 2 }
  }
}
\`\`\`

A type has a \`target\` (URL that its messages are posted to) or a \`processor\` (\`bss:subscription\`,
\`bss:mnp\`, \`bss:change\`,
\`bss:termination\`), and may have \`ratePerSecond\`, \`concurrency\`, \`timeoutSeconds\`, \`maxRetries\`,
\`retryDelayMs\`,
\`maxBacklogSeconds\` and \`aliases\`. What it leaves out comes from the settings above. The four BSS types
are there without
being named, and an entry of theirs changes only what it gives; \`"bss": false\` leaves them out.
`
}

type Catalogue = Readonly<Record<string, { status: number | null; retryable: boolean; title: string }>>

function errorsTable(catalogue: Catalogue): string {
  const rows = Object.entries(catalogue).map(([code, { status, retryable, title }]) => {
    return `| <a id="${code}"></a>\`${code}\` | ${status ?? '–'} | ${retryable ? 'yes' : 'no'} | ${title} |`
  })
  const head = ['| code | HTTP status | trying again can help | meaning |', '| --- | --- | --- | --- |']
  return [...head, ...rows].join('\n')
}

function errorsPage(): string {
  return `# Errors

Generated from \`src/core/errors.ts\` and \`src/waiting-room/errors.ts\` by \`npm run docs\`; changes here
are overwritten.

Refusals are \`application/problem+json\` (RFC 9457) with one of these codes. Where trying again can help,
\`Retry-After\`
says when, if that is known.

${errorsTable(ERRORS)}

## The waiting room

Its refusals are \`{ "error": "…", "code": "…" }\`, as its older clients read them, with one of the codes above
(\`invalid_setting\`
is 400 there, because it is the operator's request that is at fault) or one of these. Over a socket the same codes
come in the
acknowledgement, \`{ "ok": false, "code", "error", "retryAfterMs"? }\`, as \`queue-error\` where none is asked for, and
as \`data.code\` of a refused handshake. Codes without a status are told over sockets only.

${errorsTable(ROOM_ERRORS)}
`
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** The files that are not as generated. */
export function staleDocuments(): string[] {
  return generated(readOrNothing)
    .filter(({ file, text }) => readOrNothing(file) !== text)
    .map(({ file }) => file)
}

/** Writes them all. */
export function writeDocuments(): void {
  for (const { file, text } of generated(readOrNothing)) writeFileSync(file, text)
}
