/**
 * What the room does once in the store after each start: the administrator's account, and the doors of events that
 * follow the settings. Owns its tries between `start` and `stop` (S1): while the store is away it tries every second.
 */
import { type Clock, type EffectStore, type JsonObject, type Logger, WeirError } from '../core/index.ts'
import type { Accounts, DoorSettings, LineEngine } from '../waiting-room/index.ts'

export interface RoomSetupOptions {
  readonly line: LineEngine
  readonly documents: EffectStore
  /** Absent where visitors are the host application's alone. */
  readonly accounts: Accounts | undefined
  readonly admin: { readonly email: string; readonly password: string } | undefined
  /** Of events whose operator set nothing else. */
  readonly door: DoorSettings
  /** Rates are another one's to set: they are given back to the settings when that ends. */
  readonly followed: boolean
  readonly clock: Clock
  readonly logger: Logger
}

const KEY = 'room/door'
const RETRY_MS = 1_000
const NO_ADMIN =
  'There is no administrator of the waiting room: set ADMIN_EMAIL and ADMIN_PASSWORD, and start again, to get one'

export class RoomSetup {
  readonly #options: RoomSetupOptions
  #running = false
  #told = false
  #cancel = (): void => {}
  #trying: Promise<void> = Promise.resolve()

  constructor(options: RoomSetupOptions) {
    this.#options = options
  }

  /** Resolves when the first try has ended, well or not. */
  async start(): Promise<void> {
    if (this.#running) return
    this.#running = true
    const { accounts, admin, logger } = this.#options
    if (accounts && !admin) logger.info({}, NO_ADMIN)
    this.#trying = this.#try()
    await this.#trying
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#cancel()
    await this.#trying
  }

  async #try(): Promise<void> {
    const { logger, clock } = this.#options
    try {
      await this.#admin()
      await this.#doors()
    } catch (error) {
      // Why the store is away is said by its connection; anything else is a fault of ours, and said as one.
      const known = error instanceof WeirError
      if (!this.#told) {
        const fields = known ? { reason: error.message } : { err: error }
        logger[known ? 'warn' : 'error'](fields, 'The waiting room is not set up yet; it is tried again')
      }
      this.#told = true
      if (!this.#running) return
      this.#cancel = clock.after(RETRY_MS, () => {
        this.#trying = this.#try()
      })
    }
  }

  async #admin(): Promise<void> {
    const { accounts, admin, logger } = this.#options
    if (!accounts || !admin) return
    await accounts.ensureAdmin(admin.email, admin.password)
    logger.info({ email: admin.email }, 'The administrator of the waiting room can log in')
  }

  /**
   * A setting that is another one than at the last start holds for every event that had the older value: whoever
   * changes QUEUE_THRESHOLD and restarts means the events that exist, and an operator's own choice stays.
   */
  async #doors(): Promise<void> {
    const { line, documents, door, followed, logger } = this.#options
    const is: JsonObject = { ...door, followed }
    const [stored] = await documents.read([KEY])
    const was = stored?.value as JsonObject | undefined
    const changed = Object.keys(is).filter((name) => was !== undefined && was[name] !== is[name])
    if (was && changed.length === 0) return
    for (const { event, door: set } of changed.length > 0 ? await line.events() : []) {
      const own: JsonObject = { ...set }
      const freed = was?.followed === true && !followed
      const follow = changed.filter((name) => name in own && own[name] === was?.[name])
      if (freed && !follow.includes('ratePerMinute')) follow.push('ratePerMinute')
      if (follow.length === 0) continue
      await line.change(event, Object.fromEntries(follow.map((name) => [name, is[name]])))
      logger.info({ event, changed: follow }, 'The event follows the settings that changed')
    }
    const expectedVersion = stored?.version ?? 0
    const writes = [{ key: KEY, expectedVersion, value: is }]
    // A conflict is another process that starts with us; the one that started last has its say at its own start.
    await documents.apply({ id: `${KEY}/${expectedVersion + 1}`, result: null, writes })
  }
}
