/**
 * The conformance suite of the ledger port: what every ledger must do, each promise on a ledger of its own. Exported
 * like the queue's; a new ledger needs only a way to make one.
 */
import { describe, test } from 'node:test'
import { booking } from './ledger/booking.ts'
import { knowledge } from './ledger/knowledge.ts'
import { reservations } from './ledger/reservations.ts'
import type { LedgerCase, MakeLedger } from './ledger/subject.ts'
import { table } from './ledger/table.ts'

export type { LedgerSubject, LedgerSubjectContext, MakeLedger } from './ledger/subject.ts'

const CHAPTERS: Readonly<Record<string, readonly LedgerCase[]>> = {
  'moves and states': table,
  booking,
  'what is known': knowledge,
  'idempotency keys': reservations,
}

/** `skip`: the reason why none can be made here, or false. */
export function ledgerConformance(name: string, makeLedger: MakeLedger, skip: string | false = false): void {
  for (const [chapter, cases] of Object.entries(CHAPTERS)) {
    describe(`ledger port on ${name}: ${chapter}`, { skip }, () => {
      for (const one of cases) test(one.name, () => runCase(one, makeLedger))
    })
  }
}

async function runCase(one: LedgerCase, makeLedger: MakeLedger): Promise<void> {
  const cleanups: (() => unknown)[] = []
  try {
    const { retentionMs, priorities } = one
    const subject = await makeLedger({
      cleanup: (run) => cleanups.push(run),
      ...(retentionMs !== undefined && { retentionMs }),
      ...(priorities !== undefined && { priorities }),
    })
    await one.run(subject)
  } finally {
    for (const run of cleanups.reverse()) await run()
  }
}
