/** Compiled validators whose refusals name every field at fault. */
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import type { ErrorCode } from '../core/index.ts'
import { type Fault, type Problem, Refusal } from './refusal.ts'

interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
}

export interface Validator {
  check(value: unknown): boolean
  /** Every fault, one per field. Only for what `check` refused. */
  faults(value: unknown): Fault[]
}

export function compileValidator(schema: TSchema): Validator {
  const compiled = Compile(schema)
  return {
    check: (value) => compiled.Check(value),
    faults: (value) => distinct(compiled.Errors(value).flatMap(toFaults)),
  }
}

/** A Fastify validator that refuses with `code`. Query values arrive as text and are converted first. */
export function routeValidator(schema: TSchema, code: ErrorCode, detail: string, convert: boolean) {
  const validator = compileValidator(schema)
  return (input: unknown) => {
    const value = convert ? Value.Convert(schema, input) : input
    if (validator.check(value)) return { value }
    return { error: new Refusal(code, detail, { faults: validator.faults(value) }) }
  }
}

/** The first fault of a field is the one that explains the others. */
function distinct(faults: readonly Fault[]): Fault[] {
  const byPath = new Map<string, Fault>()
  for (const fault of faults) if (!byPath.has(fault.path)) byPath.set(fault.path, fault)
  return [...byPath.values()]
}

const KINDS: Record<string, Problem> = {
  string: 'string',
  integer: 'integer',
  number: 'number',
  object: 'object',
  array: 'array',
}

function toFaults(error: SchemaError): Fault[] {
  const path = error.instancePath.slice(1).replaceAll('/', '.')
  const params = error.params as Record<string, unknown>
  const limit = params.limit as number
  switch (error.keyword) {
    case 'required':
      return names(params.requiredProperties).map((name) => ({ path: join(path, name), problem: 'required' }))
    case 'additionalProperties':
      return names(params.additionalProperties).map((name) => ({
        path: join(path, name),
        problem: 'unknown_field',
      }))
    case 'type':
      return [{ path, problem: KINDS[String(params.type)] ?? 'invalid' }]
    case 'pattern':
      return [{ path, problem: params.pattern === '\\S' ? 'blank' : 'malformed' }]
    case 'boolean':
      return [{ path, problem: 'unknown_field' }]
    case 'minLength':
      return [{ path, problem: 'blank' }]
    case 'maxLength':
      return [{ path, problem: 'too_long', limit }]
    case 'minItems':
    case 'minProperties':
      return [{ path, problem: 'too_short', limit }]
    case 'minimum':
      return [{ path, problem: 'too_small', limit }]
    case 'maximum':
      return [{ path, problem: 'too_big', limit }]
    default:
      return [{ path, problem: 'invalid' }]
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
