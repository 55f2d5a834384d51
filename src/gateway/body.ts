/** From bytes to a JSON value that is safe to handle: what is refused here never reaches recursive code. */
import { isUtf8 } from 'node:buffer'
import { LIMITS } from '../core/index.ts'
import { type Fault, Refusal } from './refusal.ts'

/**
 * Parses a body. V8's parser keeps its own stack on the heap, so that nesting cannot overflow it; what comes out may
 * still be too deep for others and is checked where it is kept (`depthFault`).
 */
export function parseJson(bytes: Buffer): unknown {
  // A broken byte would become U+FFFD and be stored in place of what was sent, after a 202.
  if (!isUtf8(bytes)) throw new Refusal('not_json', 'The body is not UTF-8 text')
  const text = bytes.toString('utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Refusal(
      'not_json',
      error instanceof Error ? error.message.slice(0, 200) : 'The body is not JSON',
    )
  }
}

/**
 * The fault of a value that is nested too deeply or carries a key that changes prototypes when somebody copies it;
 * undefined when it is fine. Iterative: it must survive what it guards against.
 */
export function depthFault(value: object, path: string): Fault | undefined {
  let level: object[] = [value]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > LIMITS.jsonDepth) return { path, problem: 'too_deep', limit: LIMITS.jsonDepth }
    const below: object[] = []
    for (const item of level) {
      if (!descend(item, below)) return { path, problem: 'prototype_key' }
    }
    level = below
  }
  return undefined
}

/** Adds the objects inside `item` to `below`; false when one of its keys is not allowed. */
function descend(item: object, below: object[]): boolean {
  if (Array.isArray(item)) {
    for (const inner of item) if (isObject(inner)) below.push(inner)
    return true
  }
  for (const key in item) {
    if (key === '__proto__') return false
    const inner = (item as Record<string, unknown>)[key]
    if (!isObject(inner)) continue
    if (key === 'constructor' && Object.hasOwn(inner, 'prototype')) return false
    below.push(inner)
  }
  return true
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** JSON.parse makes `__proto__` an own key; refused at the outer levels as `depthFault` refuses it inside. */
export function hasPrototypeKey(body: object): boolean {
  return Object.hasOwn(body, '__proto__')
}
