/** The kinds of settings: how a text or a JSON value becomes a checked one, and how to say what would be right. */

/** One row of the settings table. */
export interface Setting<T> {
  /** Environment variables, the first being the name in messages and docs; the others are older spellings. */
  readonly env: readonly [string, ...string[]]
  readonly default: T
  /** The default in the roles `gateway` and `consumer`, where it is another one. */
  readonly inRoles?: T
  /** What it may be, as the end of the sentence "… must be". */
  readonly range: string
  readonly unit?: string
  readonly description: string
  /** Masked wherever settings are shown. */
  readonly secret?: boolean
  /** undefined = not acceptable. Gets text from the environment, any JSON value from the file or an option. */
  readonly parse: (input: unknown) => T | undefined
}

type Row<T> = Omit<Setting<T>, 'parse' | 'range' | 'env'> & {
  readonly env: string | readonly [string, ...string[]]
}

function row<T>(given: Row<T>, range: string, parse: Setting<T>['parse']): Setting<T> {
  const { env, ...rest } = given
  return { ...rest, env: typeof env === 'string' ? [env] : env, range, parse }
}

function toNumber(input: unknown): number | undefined {
  if (typeof input === 'number') return input
  if (typeof input !== 'string' || input.trim() === '') return undefined
  // Number() would take '0x10' and '1e3'; in a settings file those are more likely slips than wishes.
  return /^[+-]?\d+(\.\d+)?$/.test(input.trim()) ? Number(input) : undefined
}

const grouped = (value: number) => value.toLocaleString('en-US')

/** A whole number within bounds, both included. */
export function integer(min: number, max: number, given: Row<number>): Setting<number> {
  return row(given, `a whole number from ${grouped(min)} to ${grouped(max)}`, (input) => {
    const value = toNumber(input)
    return value !== undefined && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : undefined
  })
}

/** A number within bounds, both included. */
export function decimal(min: number, max: number, given: Row<number>): Setting<number> {
  return row(given, `a number from ${grouped(min)} to ${grouped(max)}`, (input) => {
    const value = toNumber(input)
    return value !== undefined && value >= min && value <= max ? value : undefined
  })
}

const PORT = 'a port from 0 to 65535 (0 = any free one)'

/** A TCP port; 0 lets the system pick a free one. */
export function port(given: Row<number>): Setting<number> {
  return row(given, PORT, toPort)
}

/** A TCP port of a listener that may be off. */
export function optionalPort(given: Row<number | 'off'>): Setting<number | 'off'> {
  return row<number | 'off'>(given, `${PORT}, or off`, (input) =>
    typeof input === 'string' && input.trim().toLowerCase() === 'off' ? 'off' : toPort(input),
  )
}

function toPort(input: unknown): number | undefined {
  const value = toNumber(input)
  const fits = value !== undefined && Number.isInteger(value) && value >= 0 && value <= 65_535
  return fits ? value : undefined
}

export function flag(given: Row<boolean>): Setting<boolean> {
  const yes = ['true', '1', 'yes', 'on']
  const no = ['false', '0', 'no', 'off']
  return row(given, 'true or false', (input) => {
    const word = String(input).trim().toLowerCase()
    return yes.includes(word) ? true : no.includes(word) ? false : undefined
  })
}

/** One of a few words, any case. `aliases` are other spellings of them. */
export function choice<const T extends string>(
  values: readonly T[],
  given: Row<T>,
  aliases: Readonly<Record<string, T>> = {},
): Setting<T> {
  return row(given, `one of ${values.join(', ')}`, (input) => {
    if (typeof input !== 'string') return undefined
    const word = input.trim().toLowerCase()
    const meant = Object.hasOwn(aliases, word) ? aliases[word] : undefined
    return values.find((value) => value.toLowerCase() === word) ?? meant
  })
}

/** Text that matches a pattern. */
export function text(pattern: RegExp, range: string, given: Row<string>): Setting<string> {
  return row(given, range, (input) => matching(pattern, input))
}

/** Text that is undefined unless set. */
export function optionalText(
  pattern: RegExp,
  range: string,
  given: Omit<Row<string | undefined>, 'default'>,
): Setting<string | undefined> {
  return row<string | undefined>({ ...given, default: undefined }, range, (input) => matching(pattern, input))
}

/** Text that passes a check, and is undefined unless set. */
export function checkedText(
  fits: (text: string) => boolean,
  range: string,
  given: Omit<Row<string | undefined>, 'default'>,
): Setting<string | undefined> {
  return row<string | undefined>({ ...given, default: undefined }, range, (input) =>
    typeof input === 'string' && fits(input) ? input : undefined,
  )
}

function matching(pattern: RegExp, input: unknown): string | undefined {
  return typeof input === 'string' && pattern.test(input) ? input : undefined
}

/** Texts of which each passes a check: a JSON list, or one text with commas. Empty unless set. */
export function list(
  fits: (word: string) => boolean,
  range: string,
  given: Omit<Row<readonly string[]>, 'default'>,
): Setting<readonly string[]> {
  return row<readonly string[]>({ ...given, default: [] }, range, (input) => {
    const words = wordsOf(input)
    return words?.every(fits) ? words : undefined
  })
}

/** At least one of a few words, spelled as they are. */
export function choices<const T extends string>(
  values: readonly T[],
  given: Row<readonly T[]>,
): Setting<readonly T[]> {
  return row<readonly T[]>(given, `one or more of ${values.join(', ')}`, (input) => {
    const meant = wordsOf(input)?.map((word) =>
      values.find((value) => value.toLowerCase() === word.toLowerCase()),
    )
    return meant && meant.length > 0 && meant.every((value) => value !== undefined) ? meant : undefined
  })
}

function wordsOf(input: unknown): string[] | undefined {
  if (typeof input === 'string')
    return input.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]))
  return Array.isArray(input) && input.every((word) => typeof word === 'string') ? input : undefined
}
