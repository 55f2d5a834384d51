/**
 * A switch kept as a document beside the queue: the store of an engine that one process has for itself. Versions fence
 * it, so that two who write at once both get through and the last one stands.
 */
import {
  type EffectStore,
  type JsonObject,
  type SwitchState,
  type SwitchStore,
  WeirError,
} from '../core/index.ts'

export const SWITCH_KEY = 'monitoring/switch'
/** Two operators can collide; that many times in a row, something else is wrong. */
const MOST_ROUNDS = 16

export class DocumentSwitchStore implements SwitchStore {
  readonly #documents: Pick<EffectStore, 'read' | 'apply'>
  readonly #listeners = new Set<(state: SwitchState) => void>()

  constructor(documents: Pick<EffectStore, 'read' | 'apply'>) {
    this.#documents = documents
  }

  async load(): Promise<SwitchState | undefined> {
    const [stored] = await this.#documents.read([SWITCH_KEY])
    const { enabled, environment } = (stored?.value ?? {}) as JsonObject
    if (typeof enabled !== 'boolean' || typeof environment !== 'boolean') return undefined
    return { enabled, environment }
  }

  /** The version is part of the effect's id: a mark that is there already is somebody else's choice, not this one. */
  async save(state: SwitchState): Promise<void> {
    const { enabled, environment } = state
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const [stored] = await this.#documents.read([SWITCH_KEY])
      const expectedVersion = stored?.version ?? 0
      const writes = [{ key: SWITCH_KEY, expectedVersion, value: { enabled, environment } }]
      const id = `${SWITCH_KEY}/${expectedVersion + 1}`
      const applied = await this.#documents.apply({ id, result: null, writes })
      if (applied.kind !== 'applied') continue
      for (const listener of this.#listeners) listener(state)
      return
    }
    throw new WeirError('overloaded', 'the monitoring switch is being changed by many at once')
  }

  follow(listener: (state: SwitchState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
