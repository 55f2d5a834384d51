/** Runs commands on an embedded engine and on the model side by side, and says where they first differ. */
import assert from 'node:assert/strict'
import type { NewMessage } from '../../src/core/index.ts'
import type { EmbeddedEngine } from '../../src/engines/embedded/index.ts'
import { type Lease, type Settlement, unaccounted } from '../../src/queue/index.ts'
import { crashImage, embeddedEngine, newDataDir, removeDataDir } from '../fixtures/embedded.ts'
import { type Command, type DeadQuery, POLICIES, type PublishSpec } from './commands.ts'
import { QueueModel } from './queue-model.ts'
import { StepClock } from './step-clock.ts'

const RETENTION_MS = 1_800_000
/** The engine may put off a sweep by 20 ms. */
const SLACK_MS = 20

export class Comparison {
  readonly #clock = new StepClock()
  readonly #model = new QueueModel(RETENTION_MS, () => 0)
  readonly #ids: string[] = []
  readonly #leases: Lease[] = []
  #dir = newDataDir()
  #engine: EmbeddedEngine

  constructor() {
    this.#engine = this.#newEngine()
  }

  async run(commands: readonly Command[]): Promise<void> {
    try {
      await this.#engine.start()
      for (const command of commands) {
        await this.#step(command)
        await this.#compareCounts()
      }
      await this.#compareMessages()
    } finally {
      await this.#engine.stop()
      removeDataDir(this.#dir)
    }
  }

  async #step(command: Command): Promise<void> {
    const now = this.#clock.now()
    switch (command.kind) {
      case 'publish':
        return this.#publish(command.messages.map((spec) => this.#message(spec)))
      case 'take': {
        const request = { ...command, ...(POLICIES[command.type] ?? assert.fail()) }
        const taken = (await this.#engine.take(request)).map(({ lease, failures, message }) => {
          assert.equal(message.id, lease.id)
          this.#leases.unshift(lease)
          return { ...lease, failures }
        })
        return assert.deepEqual(taken, this.#model.take(request, now), 'take')
      }
      case 'settle': {
        const settlements = command.settles.flatMap(({ pick, foreign, verdict }): Settlement[] => {
          const lease = this.#leases[pick]
          return lease ? [{ lease: { ...lease, attempt: lease.attempt + foreign }, verdict }] : []
        })
        const results = await this.#engine.settle(settlements)
        return assert.deepEqual(results, this.#model.settle(settlements, now), 'settle')
      }
      case 'pass':
        this.#clock.jump(command.ms)
        await this.#clock.ring(SLACK_MS, () => this.#engine.depth())
        this.#model.sweep(this.#clock.now())
        return this.#compareMessages()
      case 'late':
        return this.#clock.jump(command.ms)
      case 'requeue': {
        const query = this.#deadQuery(command.query)
        return assert.equal(await this.#engine.retryDeadLetters(query), this.#model.requeue(query), 'requeue')
      }
      case 'delete': {
        const query = this.#deadQuery(command.query)
        return assert.equal(
          await this.#engine.deleteDeadLetters(query),
          this.#model.deleteDead(query),
          'delete',
        )
      }
      case 'restart':
        return this.#restart(command.crash)
    }
  }

  async #publish(messages: readonly NewMessage[]): Promise<void> {
    const receipts = await this.#engine.publish(messages)
    const expected = this.#model.publish(messages, this.#clock.now())
    const withoutPositions = receipts.map((receipt) => {
      if (receipt.kind === 'refused') return receipt
      const { position, ...rest } = receipt
      assert.ok(position === undefined || position >= 1, `position ${position}`)
      return rest
    })
    assert.deepEqual(withoutPositions, expected, 'receipts')
  }

  async #restart(crash: boolean): Promise<void> {
    if (crash) {
      const image = crashImage(this.#dir)
      await this.#engine.stop()
      removeDataDir(this.#dir)
      this.#dir = image
    } else {
      await this.#engine.stop()
    }
    this.#clock.clear()
    this.#engine = this.#newEngine()
    await this.#engine.start()
    this.#model.restart(this.#clock.now())
    const recounted = await this.#engine.recount()
    for (const [type, counts] of Object.entries(recounted)) {
      assert.deepEqual(
        counts,
        { ...this.#model.counts(type), ...this.#model.kept(type) },
        `recount of ${type}`,
      )
    }
    await this.#compareMessages()
  }

  /** Q2 and every count, after every step. */
  async #compareCounts(): Promise<void> {
    const counts = this.#engine.counts()
    for (const type of this.#model.types()) {
      const found = counts.get(type)
      assert.deepEqual(found, this.#model.counts(type), `counts of ${type}`)
      assert.equal(found && unaccounted(found), 0, `conservation of ${type}`)
    }
  }

  async #compareMessages(): Promise<void> {
    for (const id of this.#ids) {
      const [found, expected] = [await this.#engine.find(id), this.#model.find(id)]
      const shape = found && {
        state: found.state,
        attempt: found.attempt,
        failures: found.failures,
        acceptedAt: found.acceptedAt,
        expiresAt: found.expiresAt,
        takenAt: found.takenAt,
        finishedAt: found.finishedAt,
        content: found.message.content,
        ...(found.state === 'delayed' && { availableAt: found.availableAt }),
      }
      const expectedShape = expected && {
        state: expected.state,
        attempt: expected.attempt,
        failures: expected.failures,
        acceptedAt: expected.acceptedAt,
        expiresAt: expected.expiresAt,
        takenAt: expected.takenAt,
        finishedAt: expected.finishedAt,
        content: expected.message.content,
        ...(expected.state === 'delayed' && { availableAt: expected.availableAt }),
      }
      assert.deepEqual(shape, expectedShape, `message ${id}`)
    }
  }

  #message(spec: PublishSpec): NewMessage {
    const now = this.#clock.now()
    const { type, priority, content, orderingKey, idempotencyKey, delayMs, ttlMs, reuse } = spec
    const id = (reuse === undefined ? undefined : this.#ids[reuse]) ?? `m${this.#ids.length + 1}`
    if (!this.#ids.includes(id)) this.#ids.push(id)
    return {
      id,
      type,
      priority,
      content,
      createdAt: now,
      ...(orderingKey !== undefined && { orderingKey }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(delayMs !== undefined && { availableAt: now + delayMs }),
      ...(ttlMs !== undefined && { expiresAt: now + ttlMs }),
    }
  }

  #deadQuery(query: DeadQuery): { ids?: readonly string[]; type?: string } {
    if (query.by === 'type') return { type: query.type }
    if (query.by === 'all') return {}
    return { ids: query.picks.flatMap((pick) => this.#ids[pick] ?? []) }
  }

  #newEngine(): EmbeddedEngine {
    return embeddedEngine(this.#dir, this.#clock, { retentionMs: RETENTION_MS })
  }
}
