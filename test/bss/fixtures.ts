/** A legacy system that says what the test wants, and the processors over a store in memory. */
import {
  bssProcessors,
  type LegacyAnswer,
  type LegacyBackend,
  SERVICES,
  type Service,
} from '../../src/bss/index.ts'
import type { ProcessingContext, Processor } from '../../src/consumer/index.ts'
import type { EffectStore, JsonObject, Message, Outcome } from '../../src/core/index.ts'

export class ScriptedBackend implements LegacyBackend {
  /** Message ids, one for each call. */
  readonly calls: string[] = []
  /** The outcome's name, or a whole answer; by default the first outcome of the service. */
  say: (service: Service, id: string) => string | LegacyAnswer | undefined = () => undefined
  /** Runs while the call is under way. */
  meanwhile: () => Promise<void> = () => Promise.resolve()

  async call(service: Service, id: string): Promise<LegacyAnswer> {
    this.calls.push(id)
    const said = this.say(service, id)
    await this.meanwhile()
    if (typeof said === 'object') return said
    const outcomes = SERVICES[service].outcomes
    const outcome = outcomes.find(({ name }) => name === said) ?? outcomes[0]
    if (!outcome) throw new Error(`no outcomes of ${service}`)
    return { kind: 'answered', outcome }
  }
}

export function message(id: string, type: string, attributes?: JsonObject): Message {
  return { id, type, content: 'work', createdAt: 0, ...(attributes === undefined ? {} : { attributes }) }
}

export function context(attempt = 1): ProcessingContext {
  return { attempt, signal: new AbortController().signal }
}

/** Runs one message of a service through its processor. */
export function runner(effects: EffectStore, backend: LegacyBackend) {
  const processors = bssProcessors({ effects, backend })
  return (service: Service, id: string, attributes?: JsonObject, attempt = 1): Promise<Outcome> => {
    const processor = processors.get(`bss:${service}`) as Processor
    return processor.process(message(id, service.toUpperCase(), attributes), context(attempt))
  }
}
