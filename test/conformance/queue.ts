/**
 * The conformance suite of the queue port: what every engine must do. One test per promise, each on an engine of its
 * own; a case an engine cannot do (its `abilities`) or its set-up cannot show is skipped with that reason.
 */
import { describe, type TestContext, test } from 'node:test'
import { browsing } from './queue/browsing.ts'
import { deadLetters } from './queue/dead-letters.ts'
import { effects } from './queue/effects.ts'
import { lifecycle } from './queue/lifecycle.ts'
import { ordering } from './queue/ordering.ts'
import { publishing } from './queue/publishing.ts'
import { settling } from './queue/settling.ts'
import { survival } from './queue/survival.ts'
import { timing } from './queue/timing.ts'
import { type Case, type MakeSubject, type Subject, skipReason } from './subject.ts'

export type { MakeSubject, Subject, SubjectContext } from './subject.ts'

const CHAPTERS: Readonly<Record<string, readonly Case[]>> = {
  publishing,
  settling,
  ordering,
  timing,
  'dead letters': deadLetters,
  browsing,
  lifecycle,
  survival,
  effects,
}

export function queueConformance(name: string, makeSubject: MakeSubject): void {
  // All subjects of one maker can do the same, so only the first is made to find out what is skipped.
  let first: Subject | undefined
  const make: MakeSubject = async (context) => {
    const subject = await makeSubject(context)
    first ??= subject
    return subject
  }
  for (const [chapter, cases] of Object.entries(CHAPTERS)) {
    describe(`queue port on ${name}: ${chapter}`, () => {
      for (const one of cases) {
        test(one.name, (context) => {
          const reason = first && skipReason(one, first)
          return reason ? context.skip(reason) : runCase(one, make, context)
        })
      }
    })
  }
}

async function runCase(one: Case, makeSubject: MakeSubject, context: TestContext): Promise<void> {
  const cleanups: (() => unknown)[] = []
  try {
    const subject = await makeSubject({ cleanup: (run) => cleanups.push(run) })
    const reason = skipReason(one, subject)
    if (reason) return context.skip(reason)
    await one.run(subject)
  } finally {
    for (const run of cleanups.reverse()) await run()
  }
}
