/** `weir report`: what a validation found, drawn for people; and two of them beside each other. */
import { readFileSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { type Command, Option } from 'commander'
import {
  chartPairs,
  compareReports,
  LANGUAGES,
  type Language,
  ReportError,
  readAnyReport,
  readReport,
  renderComparisonHtml,
  renderComparisonMarkdown,
  renderHtml,
  renderLoadHtml,
  renderLoadMarkdown,
  renderMarkdown,
} from '../lab/index.ts'
import { systemReason } from './proof.ts'
import { comparisonText } from './report-text.ts'
import { CommandError, type GlobalOptions, print, printJson } from './terminal.ts'

interface ReportOptions extends GlobalOptions {
  readonly out?: string
  readonly lang: Language
}

interface Forms {
  /** What JSON of it is. */
  readonly value: object
  readonly html: () => string
  readonly markdown: () => string
  /** On a terminal; Markdown unless given. */
  readonly text?: () => string
}

const EXAMPLES = `
The JSON report of weir validate (--out) or weir load (--report) is the record; a page is drawn from it. The page is one
file that needs nothing else: no network, no script; both languages; for screen, phone and paper.

Examples:
  weir report show report.json --out report.html
  weir report show report.json --lang ko
  weir load --report load.json && weir report show load.json --out load.html
  weir report compare before.json after.json
  weir report compare before.json after.json --out comparison.html`

const COMPARE_HELP = `
Criteria are matched by their ids. A difference of at most 5 % is called none, because no two runs give the same
numbers. Runs on different machines are compared, and it is said.

Exit code 0 when nothing that passed in A failed in B; 1 otherwise; 2 for a file that is no report.`

export function reportCommand(program: Command): void {
  const report = program
    .command('report')
    .summary('draw a validation or a load, compare two validations')
    .description('Draws the report of a validation or a load for people; compares two validations.')
    .addHelpText('after', EXAMPLES)
  withForms(
    report
      .command('show <file>')
      .summary('as a page or as Markdown')
      .description(
        'Draws a validation or a load as HTML or Markdown; Markdown on the terminal without --out.',
      ),
  ).action((file: string, _options: unknown, command: Command) =>
    show(file, command.optsWithGlobals<ReportOptions>()),
  )
  withForms(
    report
      .command('compare <A> <B>')
      .summary('what got better, what got worse')
      .description('Compares two validations, A before and B after, criterion by criterion.'),
  )
    .addHelpText('after', COMPARE_HELP)
    .action((a: string, b: string, _options: unknown, command: Command) =>
      compare(a, b, command.optsWithGlobals<ReportOptions>()),
    )
}

function withForms(command: Command): Command {
  return command
    .option('-o, --out <file>', 'write .html, .md or .json instead')
    .addOption(new Option('--lang <language>', 'language').choices(LANGUAGES).default('en'))
}

function show(file: string, options: ReportOptions): void {
  const report = reportOf(file, readAnyReport)
  const { lang } = options
  if (report.kind === 'load') {
    const [html, markdown] = [() => renderLoadHtml(report, lang), () => renderLoadMarkdown(report, lang)]
    give(options, { value: report, html, markdown })
  } else {
    const [html, markdown] = [() => renderHtml(report, lang), () => renderMarkdown(report, lang)]
    give(options, { value: report, html, markdown })
  }
}

function compare(a: string, b: string, options: ReportOptions): void {
  const [before, after] = [reportOf(a, readReport), reportOf(b, readReport)]
  const comparison = compareReports(before, after)
  give(options, {
    value: comparison,
    html: () => renderComparisonHtml(comparison, chartPairs(before, after), options.lang),
    markdown: () => renderComparisonMarkdown(comparison, options.lang),
    text: () => comparisonText(comparison, options.lang),
  })
  if (comparison.regressed.length > 0) process.exitCode = 1
}

function reportOf<T>(file: string, read: (text: string) => T): T {
  try {
    return read(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof ReportError) throw new CommandError(`${file}: ${error.message}`, 2)
    throw readable(error)
  }
}

/** To the file by its ending, else to the terminal. */
function give({ out, json }: ReportOptions, forms: Forms): void {
  if (out !== undefined) {
    try {
      writeFileSync(out, textFor(out, forms))
    } catch (error) {
      throw readable(error)
    }
  }
  if (json) printJson(forms.value)
  else print(out === undefined ? (forms.text ?? forms.markdown)().trimEnd() : `written to ${out}`)
}

function textFor(out: string, { value, html, markdown }: Forms): string {
  const ending = extname(out).toLowerCase()
  if (ending === '.html' || ending === '.htm') return html()
  if (ending === '.md') return markdown()
  if (ending === '.json') return `${JSON.stringify(value, null, 2)}\n`
  throw new CommandError(`--out must end in .html, .md or .json; found ${out}`, 2)
}

function readable(error: unknown): unknown {
  const reason = systemReason(error)
  return reason === undefined ? error : new CommandError(reason, 2)
}
