/** MESSAGE_TTL: an expiry for messages that bring none of their own. */
import type { QueueEngine } from '../queue/index.ts'

/** The same engine, but what is published through it expires after `ttlMs`; 0 = it is left alone. */
export function withDefaultTtl(engine: QueueEngine, ttlMs: number): QueueEngine {
  if (ttlMs === 0) return engine
  return {
    name: engine.name,
    abilities: engine.abilities,
    start: () => engine.start(),
    stop: () => engine.stop(),
    publish: (messages) =>
      engine.publish(
        messages.map((message) => ({
          ...message,
          // Counted from when it may be handled: a delay is not waiting in line.
          expiresAt: message.expiresAt ?? (message.availableAt ?? message.createdAt) + ttlMs,
        })),
      ),
    take: (request) => engine.take(request),
    settle: (settlements) => engine.settle(settlements),
    onReady: (listener) => engine.onReady(listener),
    counts: () => engine.counts(),
    depth: () => engine.depth(),
    find: (id) => engine.find(id),
    deadLetters: (query) => engine.deadLetters(query),
    retryDeadLetters: (query) => engine.retryDeadLetters(query),
    deleteDeadLetters: (query) => engine.deleteDeadLetters(query),
    health: () => engine.health(),
    accepting: () => engine.accepting(),
  }
}
