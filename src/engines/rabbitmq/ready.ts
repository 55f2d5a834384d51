/** Tells listeners which types have something to take: once per turn, however many messages came in it. */
import type { Logger, MessageType } from '../../core/index.ts'

export type ReadyListener = (types: ReadonlySet<MessageType>) => void

export class ReadySignal {
  readonly #logger: Logger
  readonly #listeners = new Set<ReadyListener>()
  #types = new Set<MessageType>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Returns the off switch. */
  listen(listener: ReadyListener): () => void {
    // A function of its own for each call, so that the same listener twice is two.
    const told: ReadyListener = (types) => listener(types)
    this.#listeners.add(told)
    return () => this.#listeners.delete(told)
  }

  ready(type: MessageType): void {
    const isFirst = this.#types.size === 0
    this.#types.add(type)
    if (!isFirst) return
    queueMicrotask(() => {
      const types = this.#types
      this.#types = new Set()
      for (const listener of [...this.#listeners]) this.#tell(listener, types)
    })
  }

  /** A listener's fault stays his. */
  #tell(listener: ReadyListener, types: ReadonlySet<MessageType>): void {
    try {
      listener(types)
    } catch (error) {
      this.#logger.error({ err: error }, 'a listener to ready messages failed')
    }
  }
}
