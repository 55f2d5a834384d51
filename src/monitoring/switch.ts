/**
 * Monitoring on or off, at run time (M1: it changes no answer but the metrics). Owns the stored choice,
 * which survives restarts: it holds unless MONITORING_ENABLED differs from what it was when the choice was
 * made, for then the operator has changed it since and the environment wins.
 */
import type { EffectStore, JsonObject, Listener, Logger, StoredDocument } from '../core/index.ts'
import { WeirError } from '../core/index.ts'

export type SwitchStore = Pick<EffectStore, 'read' | 'apply'>

export interface SwitchDeps {
  readonly store: SwitchStore
  /** MONITORING_ENABLED as it is now. */
  readonly environment: boolean
  readonly logger: Logger
}

export const SWITCH_KEY = 'monitoring/switch'
/** Two operators can collide; that many times in a row, something else is wrong. */
const MOST_ROUNDS = 16

/** Which of the two holds at start. Pure. */
export function initialState(stored: StoredDocument | undefined, environment: boolean): boolean {
  const value = (stored?.value ?? {}) as JsonObject
  if (typeof value.enabled !== 'boolean' || value.environment !== environment) return environment
  return value.enabled
}

export class MonitoringSwitch {
  readonly #deps: SwitchDeps
  readonly #listeners = new Set<(enabled: boolean) => void>()
  #enabled: boolean
  /** Toggles follow one another, so that `previous` is what the one before has left. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(deps: SwitchDeps, enabled: boolean) {
    this.#deps = deps
    this.#enabled = enabled
  }

  /** Reads the stored choice. Rejects when the store cannot be read. */
  static async load(deps: SwitchDeps): Promise<MonitoringSwitch> {
    const [stored] = await deps.store.read([SWITCH_KEY])
    return new MonitoringSwitch(deps, initialState(stored, deps.environment))
  }

  get enabled(): boolean {
    return this.#enabled
  }

  /** Durable when it resolves; rejects with the store's refusal and has then changed nothing. */
  set(enabled: boolean): Promise<{ previous: boolean; current: boolean }> {
    return this.#inTurn(() => this.#set(enabled))
  }

  /** The opposite of what the change before it has left, so that two at once are two. */
  toggle(): Promise<{ previous: boolean; current: boolean }> {
    return this.#inTurn(() => this.#set(!this.#enabled))
  }

  #inTurn(change: () => Promise<{ previous: boolean; current: boolean }>) {
    const turn = this.#last.then(change)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Called after each change. Returns the off switch. */
  onChange(listener: (enabled: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * `listener` behind the switch: while off an event costs one comparison, and a listener that throws is
   * told off in the log, once, and hurts nothing.
   */
  guard<Event>(listener: Listener<Event>): Listener<Event> {
    let told = false
    return (event) => {
      if (!this.#enabled) return
      try {
        listener(event)
      } catch (error) {
        if (told) return
        told = true
        this.#deps.logger.error(
          { error: String(error) },
          'A listener of monitoring throws; this is said once',
        )
      }
    }
  }

  async #set(enabled: boolean): Promise<{ previous: boolean; current: boolean }> {
    await this.#store(enabled)
    const previous = this.#enabled
    this.#enabled = enabled
    if (previous !== enabled) for (const listener of this.#listeners) listener(enabled)
    return { previous, current: enabled }
  }

  /**
   * The version is part of the effect's id: a mark that is there already is somebody else's toggle, not
   * this one.
   */
  async #store(enabled: boolean): Promise<void> {
    const { store, environment } = this.#deps
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const [stored] = await store.read([SWITCH_KEY])
      const expectedVersion = stored?.version ?? 0
      const value = { enabled, environment }
      const writes = [{ key: SWITCH_KEY, expectedVersion, value }]
      const id = `${SWITCH_KEY}/${expectedVersion + 1}`
      const applied = await store.apply({ id, result: null, writes })
      if (applied.kind === 'applied') return
    }
    throw new WeirError('overloaded', 'the monitoring switch is being changed by many at once')
  }
}
