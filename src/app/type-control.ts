/** The types as they are now, and what may be changed of them while they run. */
import type { Consumer } from '../consumer/index.ts'
import { type MessageType, type TypeChange, type TypeSettings, WeirError } from '../core/index.ts'
import type { TypeControl } from '../gateway/index.ts'
import { invalid } from './settings-types.ts'

const RANGES: Readonly<Record<keyof TypeChange, { min: number; max: number; whole: boolean }>> = {
  ratePerSecond: { min: 0, max: 1_000_000, whole: false },
  concurrency: { min: 1, max: 10_000, whole: true },
  maxBacklogSeconds: { min: 0, max: 31_536_000, whole: false },
}

/** What only a consumer obeys. */
const OF_CONSUMERS = ['ratePerSecond', 'concurrency'] as const

/**
 * Changes last until the process ends; a restart takes the settings again. Without a consumer of its own a process can
 * change only what it does itself, which is to admit.
 */
export function typeControl(
  types: readonly TypeSettings[],
  consumer: Pick<Consumer, 'change'> | undefined,
): TypeControl {
  const now = new Map<MessageType, TypeSettings>(types.map((type) => [type.name, type]))
  return {
    all: () => [...now.values()],
    change(name, change) {
      const before = now.get(name)
      if (!before) throw new WeirError('type_not_found', `there is no type ${name}`)
      check(change)
      if (!consumer) refuseElsewhere(change)
      const after = { ...before, ...change }
      now.set(name, after)
      consumer?.change(name, change)
      return after
    },
  }
}

function refuseElsewhere(change: TypeChange): void {
  const key = OF_CONSUMERS.find((name) => change[name] !== undefined)
  if (key === undefined) return
  const detail = `${key} is kept by the consumers, which are other processes: set it where they are started`
  throw new WeirError('not_available', detail)
}

function check(change: TypeChange): void {
  for (const [key, value] of Object.entries(change)) {
    const range = RANGES[key as keyof TypeChange]
    if (!range) throw invalid(`${key} cannot be changed while running`)
    const fits = value >= range.min && value <= range.max && (!range.whole || Number.isInteger(value))
    if (!fits) {
      throw invalid(`${key} must be a ${range.whole ? 'whole ' : ''}number from ${range.min} to ${range.max}`)
    }
  }
}
