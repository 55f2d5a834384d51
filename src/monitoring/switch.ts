/**
 * Monitoring on or off, at run time (M1: it changes no answer but the metrics). The choice lies in a store that
 * survives restarts and that every process follows. It holds unless MONITORING_ENABLED differs from what it was when
 * the choice was made, for then the operator has changed it since and the environment wins.
 *
 * Owns its subscription to the store until `stop`.
 */
import {
  type Clock,
  type Listener,
  type Logger,
  type SwitchState,
  type SwitchStore,
  WeirError,
} from '../core/index.ts'

export interface SwitchDeps {
  readonly store: SwitchStore
  /** MONITORING_ENABLED as it is now. */
  readonly environment: boolean
  readonly clock: Clock
  readonly logger: Logger
}

export interface SwitchChange {
  readonly previous: boolean
  readonly current: boolean
}

/** A store that has not answered by then answers later: monitoring must not keep anything from starting. */
const LOAD_LIMIT_MS = 2_000
const ECHO_LIMIT_MS = 1_000

/** Which of the two holds at start. Pure. */
export function initialState(stored: SwitchState | undefined, environment: boolean): boolean {
  return stored === undefined || stored.environment !== environment ? environment : stored.enabled
}

export class MonitoringSwitch {
  readonly #deps: SwitchDeps
  readonly #listeners = new Set<(enabled: boolean) => void>()
  #enabled: boolean
  /** The last choice heard of; the store may tell it again after a reconnect, and that is not a new one. */
  #heard: SwitchState | undefined
  /** Toggles follow one another, so that `previous` is what the one before has left. */
  #last: Promise<unknown> = Promise.resolve()
  #echoed: Promise<void> = Promise.resolve()
  #unfollow: () => void = () => {}

  private constructor(deps: SwitchDeps) {
    this.#deps = deps
    this.#enabled = deps.environment
  }

  /**
   * Reads the stored choice and follows it from then on. Never rejects: while the store cannot be read the environment
   * decides, and the choice comes when the store does.
   */
  static async load(deps: SwitchDeps): Promise<MonitoringSwitch> {
    const made = new MonitoringSwitch(deps)
    made.#unfollow = deps.store.follow((state) => made.#follow(state))
    const loaded = deps.store.load().then(
      (state) => {
        // What was heard meanwhile is newer.
        if (state !== undefined && made.#heard === undefined) made.#follow(state)
      },
      (error: unknown) => {
        const text = 'The monitoring switch cannot be read yet; MONITORING_ENABLED holds until then'
        const monitoringEnabled = made.#enabled
        // Why a broker is away is said by its connection.
        const isAway = error instanceof WeirError && error.code === 'broker_unavailable'
        const reason = error instanceof Error ? error.message : String(error)
        deps.logger.warn(isAway ? { monitoringEnabled } : { monitoringEnabled, reason }, text)
      },
    )
    let cancel = () => {}
    const limit = new Promise<void>((resolve) => {
      cancel = deps.clock.after(LOAD_LIMIT_MS, resolve)
    })
    await Promise.race([loaded, limit])
    cancel()
    return made
  }

  get enabled(): boolean {
    return this.#enabled
  }

  /** Durable when it resolves; rejects with the store's refusal and has then changed nothing. */
  set(enabled: boolean): Promise<SwitchChange> {
    return this.#inTurn(() => this.#set(enabled))
  }

  /** The opposite of what the change before it has left, so that two at once are two. */
  toggle(): Promise<SwitchChange> {
    return this.#inTurn(() => this.#set(!this.#enabled))
  }

  /** Called after each change, whoever made it. Returns the off switch. */
  onChange(listener: (enabled: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Stops following the store. Idempotent. */
  stop(): void {
    this.#unfollow()
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

  /** The caller has its answer when the choice is stored; the next turn begins when this process has heard it too. */
  #inTurn(change: () => Promise<SwitchChange>): Promise<SwitchChange> {
    const turn = this.#last.then(change)
    this.#last = turn.then(
      () => this.#echoed,
      () => undefined,
    )
    return turn
  }

  async #set(enabled: boolean): Promise<SwitchChange> {
    const previous = this.#enabled
    const state = { enabled, environment: this.#deps.environment }
    const echoed = this.#echo(state)
    await this.#deps.store.save(state)
    this.#become(enabled)
    this.#echoed = echoed
    return { previous, current: enabled }
  }

  /**
   * Resolves when the store has told this choice back. Heard late, it would undo for a moment the choice that followed
   * it, and a toggle in that moment would turn the wrong way.
   */
  #echo(state: SwitchState): Promise<void> {
    return new Promise((resolve) => {
      const heard = () => {
        cancel()
        unfollow()
        resolve()
      }
      const cancel = this.#deps.clock.after(ECHO_LIMIT_MS, heard)
      const unfollow = this.#deps.store.follow((told) => {
        if (told.enabled === state.enabled && told.environment === state.environment) heard()
      })
    })
  }

  /**
   * The first choice heard of was made at some time before: there the environment has its say. Any later one is made
   * now, and holds also where the environment differs. The same one again is the store's repetition.
   */
  #follow(state: SwitchState): void {
    const before = this.#heard
    this.#heard = state
    if (before === undefined) return this.#become(initialState(state, this.#deps.environment))
    if (before.enabled === state.enabled && before.environment === state.environment) return
    this.#become(state.enabled)
  }

  #become(enabled: boolean): void {
    if (this.#enabled === enabled) return
    this.#enabled = enabled
    for (const listener of this.#listeners) listener(enabled)
  }
}
