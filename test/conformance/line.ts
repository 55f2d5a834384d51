/**
 * The conformance suite of the line port: what every engine must do. One test per promise, each on an engine of its
 * own; a case that its set-up cannot show is skipped with that reason.
 */
import { describe, type TestContext, test } from 'node:test'
import { absence } from './line/absence.ts'
import { admitting } from './line/admitting.ts'
import { clearing } from './line/clearing.ts'
import { entering } from './line/entering.ts'
import { frames } from './line/frames.ts'
import { inside } from './line/inside.ts'
import { leaving } from './line/leaving.ts'
import { prequeue } from './line/prequeue.ts'
import { records } from './line/records.ts'
import { type LineCase, type MakeLine, skipReason } from './line/subject.ts'
import { survival } from './line/survival.ts'

export type { LineContext, LineSubject, MakeLine } from './line/subject.ts'

const CHAPTERS: Readonly<Record<string, readonly LineCase[]>> = {
  entering,
  admitting,
  absence,
  inside,
  leaving,
  frames,
  'pre-queue': prequeue,
  clearing,
  records,
  survival,
}

export function lineConformance(name: string, makeLine: MakeLine): void {
  for (const [chapter, cases] of Object.entries(CHAPTERS)) {
    describe(`line port on ${name}: ${chapter}`, () => {
      for (const one of cases) test(one.name, (context) => runCase(one, makeLine, context))
    })
  }
}

async function runCase(one: LineCase, makeLine: MakeLine, context: TestContext): Promise<void> {
  const cleanups: (() => unknown)[] = []
  try {
    const subject = await makeLine({ cleanup: (run) => cleanups.push(run) })
    const reason = skipReason(one, subject)
    if (reason) return context.skip(reason)
    await one.run(subject)
  } finally {
    for (const run of cleanups.reverse()) await run()
  }
}
