/**
 * The tabs of one visitor at one event: one of them leads and talks with the service, the others follow what it hears.
 *
 * Owns a lock and a channel between `start` and `stop`. Who has the lock leads, and it goes to another tab when the
 * leader is closed or crashes. A leader that the browser has put to sleep does not answer; a tab that somebody looks at
 * then takes the lock. Without the Lock API (a page over plain HTTP) each tab leads for itself.
 */

export interface TabEvents<Message> {
  /** This tab talks with the service from now on. */
  lead(): void
  /** It does no longer. */
  follow(): void
  heard(message: Message): void
  /** A tab has come and knows nothing yet: what there is to know, from the leader. */
  greet(): Message
}

type Envelope<Message> =
  | { readonly kind: 'hello' }
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'welcome'; readonly message: Message }

/** How long a leader may take to answer. */
const PATIENCE_MS = 3_000

export class Tabs<Message> {
  readonly #name: string
  readonly #events: TabEvents<Message>
  readonly #channel: BroadcastChannel | undefined
  #isLeader = false
  #isRunning = false
  #release = (): void => {}
  #waiting: AbortController | undefined
  #patience: ReturnType<typeof setTimeout> | undefined

  /** Tabs with the same name belong together. */
  constructor(name: string, events: TabEvents<Message>) {
    this.#name = `weir-room:${name}`
    this.#events = events
    if (typeof BroadcastChannel === 'function' && navigator.locks)
      this.#channel = new BroadcastChannel(this.#name)
  }

  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    if (!this.#channel) {
      this.#isLeader = true
      return this.#events.lead()
    }
    this.#channel.onmessage = ({ data }: MessageEvent<Envelope<Message>>) => this.#heard(data)
    document.addEventListener('visibilitychange', this.#looked)
    this.#queue(false)
    this.#hello()
  }

  stop(): void {
    if (!this.#isRunning) return
    this.#isRunning = false
    document.removeEventListener('visibilitychange', this.#looked)
    clearTimeout(this.#patience)
    this.#waiting?.abort()
    this.#release()
    this.#channel?.close()
  }

  /** To the other tabs. */
  tell(message: Message): void {
    if (this.#isRunning) this.#post({ kind: 'message', message })
  }

  #post(envelope: Envelope<Message>): void {
    this.#channel?.postMessage(envelope)
  }

  #heard(envelope: Envelope<Message>): void {
    if (!this.#isRunning) return
    if (envelope.kind === 'hello') {
      if (this.#isLeader) this.#post({ kind: 'welcome', message: this.#events.greet() })
      return
    }
    clearTimeout(this.#patience)
    this.#events.heard(envelope.message)
  }

  /** Asks the leader what it knows; who gets no answer while somebody looks takes its part. */
  #hello(): void {
    if (this.#isLeader) return
    this.#post({ kind: 'hello' })
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => {
      if (!this.#isLeader && this.#isRunning && !document.hidden) this.#queue(true)
    }, PATIENCE_MS)
  }

  readonly #looked = (): void => {
    if (!document.hidden) this.#hello()
  }

  #queue(steal: boolean): void {
    this.#waiting?.abort()
    const waiting = new AbortController()
    this.#waiting = waiting
    // A lock cannot be waited for and be stolen by one request.
    const options: LockOptions = steal ? { steal } : { signal: waiting.signal }
    navigator.locks
      .request(this.#name, options, () => this.#lead(waiting.signal))
      .catch(() => {
        // Taken by another tab, or no longer wanted.
        if (!this.#isLeader || this.#waiting !== waiting) return
        this.#isLeader = false
        this.#events.follow()
        if (this.#isRunning) this.#queue(false)
      })
  }

  /** Holds the lock until it is released. */
  #lead(given: AbortSignal): Promise<void> {
    if (!this.#isRunning || given.aborted) return Promise.resolve()
    clearTimeout(this.#patience)
    this.#isLeader = true
    this.#events.lead()
    return new Promise((resolve) => {
      this.#release = resolve
    })
  }
}
