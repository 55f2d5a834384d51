/**
 * What this browser remembers: the login, the language, the first place of the present ticket, and what was promised of
 * the lot that is to be drawn. Nothing else.
 */
import type { Promised } from './lot.ts'
import type { KeptPlace } from './state.ts'
import type { User } from './wire.ts'
import { LANGUAGES, type Language } from './words.ts'

export interface Session {
  readonly token: string
  readonly user: User
}

const SESSION = 'weir.session'
const LANGUAGE = 'weir.language'
const PLACE = 'weir.place'
const PROMISE = 'weir.promise'

/** Storage may be full, or forbidden: then the page works, and forgets. */
function read(key: string): unknown {
  try {
    const text = localStorage.getItem(key)
    return text === null ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function write(key: string, value: unknown): void {
  try {
    if (value === undefined) localStorage.removeItem(key)
    else localStorage.setItem(key, JSON.stringify(value))
  } catch {}
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

export function keptSession(): Session | undefined {
  const kept = read(SESSION)
  if (!isRecord(kept) || typeof kept.token !== 'string' || !isRecord(kept.user)) return undefined
  return typeof kept.user.userId === 'string' ? (kept as unknown as Session) : undefined
}

export const keepSession = (session: Session | undefined): void => write(SESSION, session)

/** Calls when another tab of this browser has logged in or out. */
export function onSession(changed: () => void): () => void {
  const heard = (event: StorageEvent): void => {
    if (event.key === SESSION || event.key === null) changed()
  }
  addEventListener('storage', heard)
  return () => removeEventListener('storage', heard)
}

export function keptLanguage(): Language | undefined {
  const kept = read(LANGUAGE)
  return LANGUAGES.find((one) => one === kept)
}

export const keepLanguage = (language: Language): void => write(LANGUAGE, language)

export function keptPlace(): KeptPlace | undefined {
  const kept = read(PLACE)
  if (!isRecord(kept) || typeof kept.event !== 'string') return undefined
  return [kept.epoch, kept.ticket, kept.from].every(Number.isSafeInteger)
    ? (kept as unknown as KeptPlace)
    : undefined
}

export const keepPlace = (place: KeptPlace): void => write(PLACE, place)

/** Of this number, if it is the last one that was promised anything here. */
export function keptPromise(event: string, user: string, number: number): Promised | undefined {
  const kept = read(PROMISE)
  if (!isRecord(kept) || typeof kept.commitment !== 'string') return undefined
  const isSame = kept.event === event && kept.user === user && kept.number === number
  return isSame ? (kept as unknown as Promised) : undefined
}

export const keepPromise = (promised: Promised): void => write(PROMISE, promised)
