/** Whom a frame or an answer names: ids, addresses, passes. Pure; whose they are is the auditor's to judge. */
import type { Named } from './history.ts'

/** More than any frame of a room has; a stranger's must not cost more than it can say. */
const MOST_VALUES = 5_000
const DEEPEST = 12
/** A shorter id is found under its own name alone: "1" may be anything. */
const SHORTEST_ID = 8

/** Under these stands who somebody is, whether or not the test knows them. */
const ID_KEYS: ReadonlySet<string> = new Set(['userId', 'visitor', 'visitorId', 'sub', 'user'])
const PASS = /eyJ[\w-]{4,}\.([\w-]{4,})\.[\w-]+/g
const EMAIL = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g

/** `isId`: whether a text is the id of a visitor of this test. Each name once. */
export function namesIn(payload: unknown, isId: (text: string) => boolean): Named[] {
  const found = new Map<string, Named>()
  const add = (what: Named['what'], value: string): void => {
    found.set(`${what} ${value}`, { what, value })
  }
  let left = MOST_VALUES
  const walk = (value: unknown, key: string, depth: number): void => {
    if (--left < 0 || depth > DEEPEST) return
    if (typeof value === 'string') textNames(value, key, isId, add)
    else if (typeof value === 'number' && ID_KEYS.has(key)) add('id', String(value))
    else if (typeof value === 'object' && value !== null) inside(value, key, depth + 1)
  }
  const inside = (value: object, key: string, depth: number): void => {
    if (Array.isArray(value)) {
      for (const one of value) walk(one, key, depth)
      return
    }
    for (const [name, one] of Object.entries(value)) {
      if (name.length >= SHORTEST_ID && isId(name)) add('id', name)
      walk(one, name, depth)
    }
  }
  walk(payload, '', 0)
  return [...found.values()]
}

function textNames(
  text: string,
  key: string,
  isId: (text: string) => boolean,
  add: (what: Named['what'], value: string) => void,
): void {
  if (ID_KEYS.has(key) && text !== '') add('id', text)
  if (text.length < SHORTEST_ID) return
  let rest = text
  for (const [pass, claims = ''] of text.matchAll(PASS)) {
    add('pass', subjectOf(claims))
    rest = rest.replace(pass, ' ')
  }
  // An id may look like an address.
  if (isId(rest)) return add('id', rest)
  for (const [email] of rest.matchAll(EMAIL)) add('email', email)
  for (const word of rest.split(/[^\w-]+/)) if (word.length >= SHORTEST_ID && isId(word)) add('id', word)
}

/** For whom a pass is; the claims themselves when they are not readable. */
function subjectOf(claims: string): string {
  try {
    const { sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sub?: unknown }
    return typeof sub === 'string' ? sub : claims
  } catch {
    return claims
  }
}
