/** An engine that answers every publish at once and keeps nothing: the yardstick for what keeping costs. */
import { realClock } from '../../src/app/real.ts'
import type { NewMessage } from '../../src/core/index.ts'
import type { Abilities, DeadLetterPage, QueueEngine, Receipt, StateCounts } from '../../src/queue/index.ts'

export class StoresNothing implements QueueEngine {
  readonly name = 'nothing'
  readonly abilities: Abilities = {
    priority: true,
    orderingKey: true,
    delay: true,
    idempotency: true,
    browse: true,
    position: true,
    uniqueIds: true,
    exactCounts: true,
  }
  readonly #counts: ReadonlyMap<string, StateCounts> = new Map()
  #accepted = 0

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async publish(messages: readonly NewMessage[]): Promise<Receipt[]> {
    const acceptedAt = realClock.now()
    return messages.map(({ id }) => {
      const position = ++this.#accepted
      return { kind: 'accepted', id, acceptedAt, position, repeated: false }
    })
  }

  async take(): Promise<[]> {
    return []
  }

  async settle(): Promise<[]> {
    return []
  }

  onReady(): () => void {
    return () => {}
  }

  counts(): ReadonlyMap<string, StateCounts> {
    return this.#counts
  }

  async depth(): Promise<ReadonlyMap<string, never>> {
    return new Map<string, never>()
  }

  async find(): Promise<undefined> {
    return undefined
  }

  async deadLetters(): Promise<DeadLetterPage> {
    return { items: [] }
  }

  async retryDeadLetters(): Promise<number> {
    return 0
  }

  async deleteDeadLetters(): Promise<number> {
    return 0
  }

  health(): { ok: true } {
    return { ok: true }
  }

  accepting(): { ok: true } {
    return { ok: true }
  }
}
