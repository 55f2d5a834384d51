/** Which engine keeps the queue; the embedded one is made here. */
import { DocumentSwitchStore } from '../monitoring/index.ts'
import { withDefaultTtl } from './default-ttl.ts'
import type { QueueDeps, QueueParts } from './queue-parts.ts'
import { embeddedEngine } from './room-store.ts'
import { SoleMember } from './self.ts'
import type { Settings } from './settings.ts'

/** The queue of the engine in force. */
export async function openQueue(settings: Settings, deps: QueueDeps): Promise<QueueParts> {
  if (settings.engineName === 'embedded') return embeddedQueue(settings, deps)
  const { brokerQueue } = await import('./broker.ts')
  return brokerQueue(settings, deps)
}

function embeddedQueue(settings: Settings, deps: QueueDeps): QueueParts {
  const { clock, newId } = deps
  const embedded = embeddedEngine(settings, deps)
  return {
    engine: withDefaultTtl(embedded, settings.messageTtl),
    effects: embedded.effects,
    effectsPlace: 'queue',
    room: { line: embedded.line, documents: embedded.effects },
    switchStore: new DocumentSwitchStore(embedded.effects),
    fleet: new SoleMember(newId(), clock),
    shared: false,
    unrouted: () => undefined,
    advice: {},
    start: () => embedded.start(),
    stop: () => embedded.stop(),
  }
}
