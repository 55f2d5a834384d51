/** How settings and counters lie in Redis: words with spaces between, because a hash field each costs more to read. */
import { DEFAULT_DOOR, DOOR_MODES, type DoorSettings } from '../../../waiting-room/index.ts'

/** In this order; a setting that came later than the record stands at the end and has its default. */
export const DOOR_WORDS = [
  'mode',
  'opensAt',
  'cap',
  'ratePerMinute',
  'maxQueued',
  'claimMs',
  'claimTries',
  'leaseMs',
  'hardMs',
  'graceMs',
  'parkedMs',
  'undoMs',
  'retentionMs',
] as const satisfies readonly (keyof DoorSettings)[]

/** Counters of an event, in this order. Who waits is the size of `queue`. */
export const STATE_WORDS = [
  'next',
  'serving',
  'epoch',
  'entered',
  'left',
  'done',
  'expired',
  'cleared',
  'departed',
  'missed',
  'registered',
  'parked',
  'ready',
  'admitted',
] as const

export type StateNumbers = Readonly<Record<(typeof STATE_WORDS)[number], number>>

export const NEW_STATE = STATE_WORDS.map((word) => (word === 'epoch' ? 1 : 0)).join(' ')

export function packDoor(door: DoorSettings): string {
  return DOOR_WORDS.map((word) => door[word] ?? '-').join(' ')
}

export function parseDoor(text: string): DoorSettings {
  const words = text.split(' ')
  const numbers = DOOR_WORDS.slice(2).map((word, i) => [word, Number(words[i + 2] ?? DEFAULT_DOOR[word])])
  return {
    ...DEFAULT_DOOR,
    ...(Object.fromEntries(numbers) as Partial<DoorSettings>),
    mode: DOOR_MODES.find((mode) => mode === words[0]) ?? 'closed',
    opensAt: words[1] === '-' ? null : Number(words[1]),
  }
}

export function parseState(text: string): StateNumbers {
  const words = text.split(' ').map(Number)
  return Object.fromEntries(STATE_WORDS.map((word, i) => [word, words[i] ?? 0])) as StateNumbers
}
