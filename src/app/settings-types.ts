/** The message types: the four of BSS, and those of weir.config.json. */
import { BSS_TYPES } from '../bss/index.ts'
import { type MessageType, type TypeSettings, WeirError } from '../core/index.ts'
import { nearest } from './nearest.ts'

/** What a type takes over from the settings when its entry says nothing. */
export type TypeDefaults = Pick<
  TypeSettings,
  'ratePerSecond' | 'concurrency' | 'timeoutMs' | 'maxRetries' | 'retryDelayMs' | 'maxBacklogSeconds'
>

type Entry = Readonly<Record<string, unknown>>

interface NumberField {
  readonly key: keyof TypeDefaults
  readonly min: number
  readonly max: number
  readonly whole: boolean
  readonly scale: number
}

const NUMBERS: Readonly<Record<string, NumberField>> = {
  ratePerSecond: { key: 'ratePerSecond', min: 0, max: 1_000_000, whole: false, scale: 1 },
  concurrency: { key: 'concurrency', min: 1, max: 10_000, whole: true, scale: 1 },
  timeoutSeconds: { key: 'timeoutMs', min: 0.001, max: 86_400, whole: false, scale: 1000 },
  maxRetries: { key: 'maxRetries', min: 0, max: 100, whole: true, scale: 1 },
  retryDelayMs: { key: 'retryDelayMs', min: 0, max: 600_000, whole: true, scale: 1 },
  maxBacklogSeconds: { key: 'maxBacklogSeconds', min: 0, max: 31_536_000, whole: false, scale: 1 },
}

const KEYS = ['target', 'processor', 'aliases', ...Object.keys(NUMBERS)]

/** All types, in the order BSS first. `entries` and `bss` come from the settings file. */
export function resolveTypes(defaults: TypeDefaults, entries: unknown, bss: unknown): TypeSettings[] {
  if (bss !== undefined && typeof bss !== 'boolean')
    throw invalid('bss in weir.config.json must be true or false')
  if (entries !== undefined && !isObject(entries)) {
    throw invalid('types in weir.config.json must be an object of type names')
  }
  const types = new Map<MessageType, TypeSettings>()
  for (const { name, aliases, builtin } of bss === false ? [] : BSS_TYPES) {
    types.set(name, { ...defaults, name, aliases, handler: { kind: 'builtin', name: builtin } })
  }
  for (const [given, entry] of Object.entries(entries ?? {})) {
    const name = given.trim().toUpperCase()
    const where = `types.${given} in weir.config.json`
    if (!/^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,63}$/u.test(name)) {
      throw invalid(`${where}: a type's name is 1 to 64 letters, digits, dots, dashes or underscores`)
    }
    if (!isObject(entry)) throw invalid(`${where} must be an object`)
    types.set(name, typeOf(name, entry, types.get(name), defaults, where))
  }
  if (types.size === 0) throw invalid('weir.config.json says "bss": false and names no types: nothing to do')
  refuseSharedNames([...types.values()])
  return [...types.values()]
}

function typeOf(
  name: MessageType,
  entry: Entry,
  base: TypeSettings | undefined,
  defaults: TypeDefaults,
  where: string,
): TypeSettings {
  for (const key of Object.keys(entry)) {
    if (!KEYS.includes(key)) throw invalid(`${where}: unknown key ${key}${nearest(key, KEYS)}`)
  }
  const numbers: Partial<Record<keyof TypeDefaults, number>> = {}
  for (const [key, field] of Object.entries(NUMBERS)) {
    const value = entry[key]
    if (value === undefined) continue
    numbers[field.key] = checked(value, field, `${where}: ${key}`) * field.scale
  }
  const handler = handlerOf(entry, where) ?? base?.handler
  if (!handler) throw invalid(`${where} needs a target (URL) or a processor (for example bss:mnp)`)
  const aliases = entry.aliases === undefined ? (base?.aliases ?? []) : aliasesOf(entry.aliases, where)
  return { ...defaults, ...base, ...numbers, name, aliases, handler }
}

function checked(value: unknown, field: NumberField, where: string): number {
  const fits = typeof value === 'number' && value >= field.min && value <= field.max
  if (fits && (!field.whole || Number.isInteger(value))) return value
  throw invalid(`${where} must be a ${field.whole ? 'whole ' : ''}number from ${field.min} to ${field.max}`)
}

function handlerOf(entry: Entry, where: string): TypeSettings['handler'] | undefined {
  const { target, processor } = entry
  if (target !== undefined && processor !== undefined)
    throw invalid(`${where}: give target or processor, not both`)
  if (target !== undefined) {
    if (typeof target !== 'string' || !/^https?:$/.test(URL.parse(target)?.protocol ?? '')) {
      throw invalid(`${where}: target must be an http:// or https:// URL`)
    }
    return { kind: 'target', url: target }
  }
  if (processor === undefined) return undefined
  const names = BSS_TYPES.map((type) => type.builtin)
  const name = names.find((known) => known === processor)
  if (!name) throw invalid(`${where}: processor must be one of ${names.join(', ')}`)
  return { kind: 'builtin', name }
}

function aliasesOf(value: unknown, where: string): string[] {
  const fine = Array.isArray(value) && value.every((item) => typeof item === 'string' && item.trim() !== '')
  if (!fine) throw invalid(`${where}: aliases must be a list of names`)
  return value.map((item: string) => item.trim())
}

/** Two types that answer to one name would make routing a matter of luck. */
function refuseSharedNames(types: readonly TypeSettings[]): void {
  const owners = new Map<string, MessageType>()
  for (const type of types) {
    for (const name of new Set([type.name, ...type.aliases].map((word) => word.toUpperCase()))) {
      const owner = owners.get(name)
      if (owner) throw invalid(`types ${owner} and ${type.name} in weir.config.json share the name ${name}`)
      owners.set(name, type.name)
    }
  }
}

/** The types this process consumes. `variable` names the setting in a refusal. */
export function resolveConsumed(
  types: readonly TypeSettings[],
  given: string | undefined,
  variable: string,
): MessageType[] {
  const all = types.map((type) => type.name)
  if (given === undefined || given.trim().toLowerCase() === 'all') return all
  return given.split(',').map((part) => {
    const word = part.trim().toUpperCase()
    const type = types.find((item) =>
      [item.name, ...item.aliases].some((name) => name.toUpperCase() === word),
    )
    if (!type)
      throw invalid(`${variable} must be all, or one or more of ${all.join(', ')}; found ${part.trim()}`)
    return type.name
  })
}

export function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function invalid(line: string): WeirError {
  return new WeirError('invalid_setting', line)
}
