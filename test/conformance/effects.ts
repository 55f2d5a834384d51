/**
 * The effects chapter of the queue's suite on any effect store, for those that do not lie beside an embedded queue. The
 * cases are the same ones, and demand the same.
 */
import { describe, test } from 'node:test'
import { type EffectsSubject, effectCases } from './queue/effects.ts'

export type MakeEffects = (cleanup: (run: () => unknown) => void) => Promise<EffectsSubject>

/** `skip`: the reason why none can be made here, or false. */
export function effectsConformance(name: string, make: MakeEffects, skip: string | false = false): void {
  describe(`effect store: ${name}`, { skip }, () => {
    for (const one of effectCases) {
      test(one.name, async (context) => {
        const cleanups: (() => unknown)[] = []
        try {
          const subject = await make((run) => cleanups.push(run))
          if (one.needsCrash && !subject.crash) return context.skip('it promises nothing over a crash')
          await one.run(subject)
        } finally {
          for (const run of cleanups.reverse()) await run()
        }
      })
    }
  })
}
