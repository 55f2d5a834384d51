/**
 * The real consumer with the real processors, whose hand-outs and effects are written down. A message whose content
 * begins with `poison` fails at every attempt; one with `killer` ends its process, as a fault in native code would.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { bssProcessors, type LegacyBackend } from '../../../src/bss/index.ts'
import { Consumer, type Processor } from '../../../src/consumer/index.ts'
import type { Clock, EffectStore, Logger, Message, Random } from '../../../src/core/index.ts'
import type { QueueEngine } from '../../../src/queue/index.ts'
import type { Journal } from './journal.ts'
import { TYPES } from './publisher.ts'
import type { Work } from './settings.ts'

export interface ProcessingDeps {
  readonly engine: QueueEngine
  readonly effects: EffectStore
  readonly backend: LegacyBackend
  readonly journal: Journal
  readonly work: Work
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly seen: { handed: number; applied: number }
}

const TIMEOUT_MS = 5_000
const LINGER_MS = 30

export function consumerOf(deps: ProcessingDeps): Consumer {
  const { engine, work, clock, random, logger } = deps
  const { concurrency, maxRetries = 3, retryDelayMs = 100, timeoutMs = TIMEOUT_MS } = work
  const types = TYPES.map((name) => {
    const settings = { name, ratePerSecond: 0, concurrency, timeoutMs, maxRetries, retryDelayMs }
    return { settings, processor: processor(name, deps), backend: 'legacy' }
  })
  return new Consumer({ engine, types, prefetchCount: 20, clock, random, logger, drainMs: 5_000 })
}

function processor(type: string, { effects, backend, journal, seen, work }: ProcessingDeps): Processor {
  const refs = new Map<string, string>()
  const observed: EffectStore = {
    read: (keys) => effects.read(keys),
    async applied(id) {
      const found = await effects.applied(id)
      if (found) journal.write([{ kind: 'already', id, ref: refs.get(id) ?? id }])
      return found
    },
    async apply(effect) {
      const result = await effects.apply(effect)
      if (result.kind === 'conflict') return result
      if (result.kind === 'applied') seen.applied++
      journal.write([{ kind: result.kind, id: effect.id, ref: refs.get(effect.id) ?? effect.id }])
      return result
    },
  }
  const inner = bssProcessors({ effects: observed, backend }).get(`bss:${type.toLowerCase()}`)
  if (!inner) throw new Error(`no processor for ${type}`)
  return {
    name: inner.name,
    async process(message: Message, context) {
      const { id, content: ref } = message
      journal.write([{ kind: 'handed', id, ref, attempt: context.attempt }])
      seen.handed++
      if (ref.startsWith('killer')) process.kill(process.pid, 'SIGKILL')
      if (ref.startsWith('poison')) {
        return { kind: 'failed', failure: 'error', error: `no attempt at ${ref} can work` }
      }
      refs.set(id, ref)
      try {
        const outcome = await inner.process(message, context)
        await wait(work.lingerMs ?? LINGER_MS)
        return outcome
      } finally {
        refs.delete(id)
      }
    },
  }
}
