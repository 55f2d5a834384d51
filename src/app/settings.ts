/**
 * Settings, resolved once: option, then environment, then weir.config.json, then default; each value with its origin,
 * or one clear line. Pure but for `loadSettings`, which reads the file.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { JsonObject, JsonValue, MessageType, TypeSettings } from '../core/index.ts'
import { nearest } from './nearest.ts'
import type { EngineName, Role } from './role.ts'
import type { Setting } from './setting.ts'
import { type Environment, environment } from './settings-env.ts'
import { checkRelations, chosenEngine } from './settings-relations.ts'
import { SETTINGS, type SettingName, type SettingValues } from './settings-table.ts'
import { invalid, isObject, resolveConsumed, resolveTypes } from './settings-types.ts'

export type Origin = 'option' | 'environment' | 'file' | 'default'

export interface Settings extends SettingValues {
  readonly role: Role
  /** What `engine` comes to. */
  readonly engineName: EngineName
  readonly types: readonly TypeSettings[]
  /** The types this process works on. */
  readonly consumed: readonly MessageType[]
  readonly origins: Readonly<Record<SettingName, Origin>>
  /** The settings file that was read, if there was one. */
  readonly file: string | undefined
}

export interface SettingSources {
  /** `all` unless given; some defaults depend on it. */
  readonly role?: Role
  readonly options?: Readonly<Record<string, unknown>>
  readonly environment?: Environment
  readonly file?: Readonly<Record<string, unknown>>
  readonly fileName?: string
}

export const NAMES = Object.keys(SETTINGS) as SettingName[]
/** Keys of the file that are not rows of the table. */
const FILE_ONLY = ['types', 'bss', '$schema']

/** Resolves and checks everything. Throws `invalid_setting` with the one line to show. */
export function resolveSettings(sources: SettingSources): Settings {
  const file = sources.file ?? {}
  const options = sources.options ?? {}
  const role = sources.role ?? 'all'
  refuseUnknown(file, [...NAMES, ...FILE_ONLY], 'weir.config.json: unknown key')
  refuseUnknown(options, NAMES, 'unknown setting')
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const name of NAMES) {
    const setting: Setting<unknown> = SETTINGS[name]
    const found = lookUp(name, setting, options, sources.environment ?? {}, file)
    origins[name] = found.origin
    values[name] = found.origin === 'default' ? fallbackOf(setting, role) : checked(name, setting, found)
  }
  const settings = values as unknown as SettingValues
  const engineName = chosenEngine(settings)
  const types = resolveTypes(
    {
      ratePerSecond: settings.ratePerSecond,
      concurrency: settings.concurrency,
      timeoutMs: settings.processingTimeoutSec * 1000,
      maxRetries: settings.maxRetries,
      retryDelayMs: settings.retryDelayMs,
      maxBacklogSeconds: settings.maxBacklogSeconds,
    },
    file.types,
    file.bss,
  )
  const variable = SETTINGS.consumerTypes.env.join('/')
  const consumed = resolveConsumed(types, settings.consumerTypes, variable)
  checkRelations(settings, { role, engineName, dedicated: consumed.length < types.length })
  const followed = settings.roomFollowTypes
  const roomFollowTypes =
    followed.length > 0 ? resolveConsumed(types, followed.join(), 'ROOM_FOLLOW_TYPES') : followed
  return {
    ...settings,
    roomFollowTypes,
    role,
    engineName,
    types,
    consumed,
    origins: origins as Record<SettingName, Origin>,
    file: sources.fileName,
  }
}

function fallbackOf<T>(setting: Setting<T>, role: Role): T {
  return role === 'all' || setting.inRoles === undefined ? setting.default : setting.inRoles
}

interface Found {
  readonly origin: Origin
  readonly input?: unknown
  /** How the place is called that the value came from. */
  readonly place?: string
}

function lookUp(
  name: SettingName,
  setting: Setting<unknown>,
  options: Readonly<Record<string, unknown>>,
  env: Environment,
  file: Readonly<Record<string, unknown>>,
): Found {
  if (options[name] !== undefined) return { origin: 'option', input: options[name], place: setting.env[0] }
  // An empty variable counts as unset: that is how compose files write "nothing".
  const set = setting.env.filter((variable) => (env[variable] ?? '') !== '')
  const [first, ...others] = set
  if (first !== undefined) {
    const other = others.find((variable) => env[variable]?.toUpperCase() !== env[first]?.toUpperCase())
    if (other) throw invalid(`${first} and ${other} mean the same setting and contradict each other; set one`)
    return { origin: 'environment', input: env[first], place: first }
  }
  if (file[name] !== undefined)
    return { origin: 'file', input: file[name], place: `${name} in weir.config.json` }
  return { origin: 'default' }
}

function checked(name: SettingName, setting: Setting<unknown>, found: Found): unknown {
  const value = setting.parse(found.input)
  if (value !== undefined) return value
  const seen = typeof found.input === 'string' ? maskUrl(found.input) : found.input
  const shown = setting.secret ? 'something else' : JSON.stringify(seen)
  throw invalid(`${found.place ?? name} must be ${setting.range}; found ${shown}`)
}

function refuseUnknown(
  given: Readonly<Record<string, unknown>>,
  known: readonly string[],
  what: string,
): void {
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) throw invalid(`${what} ${key}${nearest(key, known)}`)
  }
}

/** Reads the environment and the settings file (`--config`, `WEIR_CONFIG`, ./weir.config.json) and resolves. */
export function loadSettings(
  given: {
    role?: Role
    options?: Readonly<Record<string, unknown>>
    config?: string
    environment?: Environment
  } = {},
): Settings {
  const env = given.environment ?? environment()
  const named = given.config ?? (env.WEIR_CONFIG || undefined)
  const fileName = resolve(named ?? 'weir.config.json')
  const text = readText(fileName, named !== undefined)
  const file = text === undefined ? undefined : parseFile(text, named ?? 'weir.config.json')
  return resolveSettings({
    ...(given.role && { role: given.role }),
    ...(given.options && { options: given.options }),
    environment: env,
    ...(file && { file, fileName }),
  })
}

function readText(fileName: string, wanted: boolean): string | undefined {
  try {
    return readFileSync(fileName, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && !wanted) return undefined
    throw invalid(`the settings file ${fileName} cannot be read (${code})`)
  }
}

function parseFile(text: string, shown: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalid(`${shown} is not JSON: ${(error as Error).message.split('\n')[0]}`)
  }
  if (!isObject(value)) throw invalid(`${shown} must hold one JSON object`)
  return value
}

/** The password of a URL, and a value under a telling name in its query, are nobody's business. */
export function maskUrl(text: string): string {
  // Several brokers of one cluster stand in one value.
  if (/,\w+:\/\//.test(text))
    return text
      .split(/,(?=\w+:\/\/)/)
      .map(maskUrl)
      .join(',')
  const url = URL.parse(text)
  // What cannot be taken apart may still hold a password: a slash in one makes the URL unreadable.
  if (!url) return text.includes('://') ? '***' : text
  const secretKeys = [...url.searchParams.keys()].filter((key) => /pass|secret|token|key|sig/i.test(key))
  if (!url.password && secretKeys.length === 0) return text
  if (url.password) url.password = '***'
  for (const key of secretKeys) url.searchParams.set(key, '***')
  return url.href
}

export interface ShownSetting {
  readonly name: SettingName
  readonly env: string
  readonly value: JsonValue
  readonly origin: Origin
}

/** Every setting with its origin, secrets and URLs' passwords masked. */
export function describeSettings(settings: Settings): ShownSetting[] {
  return NAMES.map((name) => {
    const setting: Setting<unknown> = SETTINGS[name]
    const value = settings[name]
    const shown = shownValue(value)
    const masked = setting.secret && value !== undefined ? '***' : shown
    return { name, env: setting.env[0], value: masked, origin: settings.origins[name] }
  })
}

function shownValue(value: Settings[SettingName]): JsonValue {
  if (typeof value === 'object') return [...value]
  return typeof value === 'string' ? maskUrl(value) : (value ?? null)
}

/** The configuration as `GET /api/config` gives it: masked, with the types. */
export function maskedConfig(settings: Settings): JsonObject {
  const config: JsonObject = {}
  for (const { name, value } of describeSettings(settings)) config[name] = value
  config.types = settings.types.map(shownType)
  return config
}

/** One type with its target's password masked. */
export function shownType(type: TypeSettings): JsonObject {
  const handler = type.handler.kind === 'target' ? maskUrl(type.handler.url) : type.handler.name
  return { ...type, aliases: [...type.aliases], handler }
}

export interface SettingRow {
  readonly env: readonly string[]
  /** The default, as the documents show it. */
  readonly fallback: string
  readonly range: string
  readonly description: string
}

/** One row of the table in words. */
export function describeRow(name: SettingName): SettingRow {
  const { env, default: value, inRoles, range, unit, description }: Setting<unknown> = SETTINGS[name]
  const isUnset = value === undefined || (Array.isArray(value) && value.length === 0)
  const shown = isUnset ? 'unset' : `\`${String(value)}\`${unit ? ` ${unit}` : ''}`
  const fallback = inRoles === undefined ? shown : `${shown}; \`${String(inRoles)}\` in roles`
  return { env, fallback, range, description }
}
