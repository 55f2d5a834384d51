/**
 * The room's keys: those that sign passes, and the secret of sessions where none is set. Kept in the store, so that
 * passes and sessions verify after a restart and in every process on the same store.
 *
 * Owns the look at the store between `start` and `stop` (S1): until the first one went well everything is refused as
 * `storage_failed` (the line is away then, too), afterwards what is known stays good while the store is away.
 *
 *   pass key: made ──published──▶ after PUBLISH_FIRST_MS signs ──next one signs──▶ published until its passes are over
 *
 * A new key is published before it signs, so that every process, and every shop, can check what it signs. Private keys
 * lie in the store as they are: who can read the store can admit visitors.
 */
import { type Clock, type EffectStore, type JsonObject, type Logger, WeirError } from '../core/index.ts'
import {
  newPassKey,
  type PassKey,
  PassSigner,
  type RoomDeps,
  rotated,
  Sessions,
} from '../waiting-room/index.ts'

export interface RoomKeysOptions {
  readonly documents: EffectStore
  readonly clock: Clock
  readonly logger: Logger
  readonly newId: () => string
  /** Random text, for the secret that is made where none is set. */
  readonly newSecret: () => string
  /** Who passes are from. */
  readonly issuer: string
  /** Of sessions; undefined = one is made and kept. */
  readonly secret: string | undefined
  readonly sessionMs: number
}

const KEY = 'room/keys'
const LOOK_EVERY_MS = 60_000
const RETRY_MS = 1_000
const DAY_MS = 86_400_000
const ROTATE_AFTER_MS = 30 * DAY_MS
/** Processes look every minute, and shops keep the published keys for five. */
const PUBLISH_FIRST_MS = 10 * LOOK_EVERY_MS
/** No pass is longer than a lease, and no lease than seven days; a key signs until the next one does. */
const LONGEST_PASS_MS = 7 * DAY_MS + PUBLISH_FIRST_MS + LOOK_EVERY_MS
const MOST_ROUNDS = 16

interface Stored extends JsonObject {
  secret: string
  passes: JsonObject[]
}

export class RoomKeys {
  readonly #options: RoomKeysOptions
  #sessions: Sessions | undefined
  #signer: PassSigner | undefined
  #told = false
  #running = false
  #cancel = (): void => {}
  #looking: Promise<void> = Promise.resolve()

  readonly sessions: RoomDeps['sessions']
  readonly passes: RoomDeps['passes']

  constructor(options: RoomKeysOptions) {
    this.#options = options
    // A secret that is set is known before the store is.
    if (options.secret !== undefined) this.#sessions = new Sessions(options.secret, options.sessionMs)
    const sessions = () => this.#sessions ?? refuse()
    const signer = () => this.#signer ?? refuse()
    this.sessions = {
      issue: (identity, now) => sessions().issue(identity, now),
      identify: (token, now) => sessions().identify(token, now),
    }
    this.passes = {
      issue: (claims, expiresAt, now) => signer().issue(claims, expiresAt, now),
      get keySet() {
        return signer().keySet
      },
    }
  }

  get ready(): boolean {
    return this.#signer !== undefined && this.#sessions !== undefined
  }

  /** Resolves when the first look has ended, well or not. */
  async start(): Promise<void> {
    if (this.#running) return
    this.#running = true
    this.#looking = this.#look()
    await this.#looking
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#cancel()
    await this.#looking
  }

  async #look(): Promise<void> {
    try {
      await this.#load()
      this.#told = false
    } catch (error) {
      if (!this.#told)
        this.#options.logger.warn({ reason: reasonOf(error) }, "The room's keys cannot be read yet")
      this.#told = true
    }
    if (!this.#running) return
    this.#cancel = this.#options.clock.after(this.ready ? LOOK_EVERY_MS : RETRY_MS, () => {
      this.#looking = this.#look()
    })
  }

  /** Versions fence it: of several processes that start at once, or rotate at once, one makes the key for all. */
  async #load(): Promise<void> {
    const { documents, clock } = this.#options
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const [stored] = await documents.read([KEY])
      const now = clock.now()
      const before = storedIn(stored?.value)
      const after = this.#renewed(before, now)
      if (!after) return this.#adopt(before, now)
      const expectedVersion = stored?.version ?? 0
      const writes = [
        { key: KEY, expectedVersion, value: { ...after, passes: after.passes.map((key) => ({ ...key })) } },
      ]
      const applied = await documents.apply({ id: `${KEY}/${expectedVersion + 1}`, result: null, writes })
      if (applied.kind === 'applied') return this.#adopt(after, now)
    }
    throw new WeirError('storage_failed', "the room's keys are being changed by too many at once")
  }

  /** undefined = nothing is due. */
  #renewed(before: Keys, now: number): Keys | undefined {
    const [newest] = before.passes
    const due = !newest || now - newest.createdAt >= ROTATE_AFTER_MS
    if (!due && before.secret !== '') return undefined
    const { newSecret, secret, logger } = this.#options
    if (before.secret === '' && secret === undefined) {
      const why =
        'A secret for sessions was made and is kept in the store (JWT_SECRET is not set; this machine only)'
      logger.info({}, why)
    }
    return {
      secret: before.secret === '' ? newSecret() : before.secret,
      passes: due ? rotated(before.passes, newPassKey(now), LONGEST_PASS_MS, now) : before.passes,
    }
  }

  #adopt({ secret, passes }: Keys, now: number): void {
    const { issuer, newId, sessionMs } = this.#options
    this.#sessions ??= new Sessions(secret, sessionMs)
    // The first key of all signs at once: there is nobody yet who could know another one.
    const signing = passes.find(({ createdAt }) => now - createdAt >= PUBLISH_FIRST_MS) ?? passes.at(-1)
    if (!signing) return
    this.#signer = new PassSigner(issuer, [signing, ...passes.filter((key) => key !== signing)], newId)
  }
}

interface Keys {
  readonly secret: string
  /** Newest first. */
  readonly passes: readonly PassKey[]
}

function storedIn(value: unknown): Keys {
  const { secret = '', passes = [] } = (value ?? {}) as Partial<Stored>
  return { secret, passes: passes as unknown as PassKey[] }
}

function refuse(): never {
  throw new WeirError('storage_failed', "the room's keys cannot be read yet", { retryAfterMs: RETRY_MS })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
