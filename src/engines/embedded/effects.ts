/** The effect store of processors, over the store that keeps the queue (Q7). */
import type { EffectStore } from '../../core/index.ts'
import type { GroupCommit } from './group-commit.ts'

/** `ask` throws while the store is not open. */
export function effectsOver(ask: () => GroupCommit): EffectStore {
  return {
    read: async (keys) => {
      const documents = await ask().submit('readDocuments', keys)
      return documents.map((document) => document ?? undefined)
    },
    applied: async (id) => (await ask().submit('appliedEffect', id)) ?? undefined,
    apply: async (effect) => ask().submit('applyEffect', effect),
  }
}
