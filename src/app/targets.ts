/** Which processor handles a type: a built-in one, or the user's own back end. */
import { bssProcessors, SimulatedLegacyBackend } from '../bss/index.ts'
import { createHttpTarget, type ServedType } from '../consumer/index.ts'
import type { Clock, EffectStore, TypeSettings } from '../core/index.ts'
import type { Settings } from './settings.ts'

interface TargetDeps {
  readonly settings: Settings
  readonly effects: EffectStore
  readonly clock: Clock
}

/** The types that this process consumes, each with its processor and the back end that it shares a breaker with. */
export function servedTypes({ settings, effects, clock }: TargetDeps): ServedType[] {
  const { backendSeed: seed, backendSpeed: speed, backendCapacity: capacity } = settings
  const backend = new SimulatedLegacyBackend({ seed, speed, capacity }, clock)
  const builtin = bssProcessors({ effects, backend })
  const served = (type: TypeSettings): ServedType => {
    const { handler } = type
    if (handler.kind === 'target') {
      const processor = createHttpTarget({
        url: handler.url,
        clock,
        name: `${type.name.toLowerCase()}-target`,
      })
      return { settings: type, processor, backend: new URL(handler.url).host }
    }
    const processor = builtin.get(handler.name)
    // The settings have checked the name; a miss means that the two lists have drifted apart.
    if (!processor) throw new Error(`no built-in processor ${handler.name}`)
    return { settings: type, processor, backend: 'legacy-bss' }
  }
  return settings.types.filter(({ name }) => settings.consumed.includes(name)).map(served)
}
