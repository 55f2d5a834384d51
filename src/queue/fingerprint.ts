/** Whether two publishes under one idempotency key are the same request. */
import { createHash } from 'node:crypto'
import type { JsonValue, NewMessage } from '../core/index.ts'

/** SHA-256 over what the sender wrote; the order of keys in `attributes` does not count. */
export function fingerprint(message: NewMessage): string {
  const { type, content, attributes, priority, orderingKey } = message
  const said = [type, content, sorted(attributes ?? null), priority, orderingKey ?? null]
  return createHash('sha256').update(JSON.stringify(said)).digest('base64')
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const keys = Object.keys(value).sort()
  // Pairs instead of an object: keys such as __proto__ stay what they are. Wrapped, so that no list looks the same.
  return { pairs: keys.map((key) => [key, sorted(value[key] ?? null)]) }
}
