/**
 * The far end of `kill.test.ts`: a line under load in a process of its own. It tells the parent every answer it got,
 * and is killed somewhere in between.
 */
import { realClock } from '../../../../src/app/index.ts'
import { DEFAULT_DOOR } from '../../../../src/waiting-room/index.ts'
import { embeddedEngine } from '../../../fixtures/embedded.ts'
import { EVENT, type Told } from './kill-told.ts'

const [, , dataDir = '', run = ''] = process.argv
const tell = (told: Told): void => {
  process.send?.(told)
}

const engine = embeddedEngine(dataDir, realClock, { host: 'worker' })
await engine.start()
const { line } = engine
// Nobody is absent here: the order of calls is then the order of tickets, without exception.
await line.define(EVENT, { ...DEFAULT_DOOR, cap: 400, graceMs: 3_600_000, claimMs: 3_600_000 })

async function arrive(lane: number): Promise<void> {
  for (let i = 0; ; i++) {
    const visitor = `run${run}-lane${lane}-${i}`
    const entered = await line.enter(EVENT, visitor)
    if (entered.kind !== 'in') throw new Error(entered.code)
    const { state, ticket = 0 } = entered.visit
    tell({ kind: 'entered', visitor, ticket, direct: state === 'admitted' })
    if (state === 'admitted') await finish(visitor)
  }
}

async function finish(visitor: string): Promise<void> {
  await line.claim(EVENT, visitor)
  const { state } = await line.done(EVENT, visitor)
  if (state === 'done') tell({ kind: 'done', visitor })
}

async function admit(): Promise<void> {
  for (;;) {
    const { called } = await line.admit(EVENT, 20)
    if (called.length > 0) {
      tell({ kind: 'called', called: called.map(({ visitor, ticket }) => [visitor, ticket] as const) })
    }
    for (const { visitor } of called) await finish(visitor)
  }
}

// What the process before had called and not finished takes up places: they finish first, as their visitors would.
process.once('message', async (unfinished: readonly string[]) => {
  for (const visitor of unfinished) await finish(visitor)
  // A line to begin with: past an empty one everybody would go straight in.
  await line.change(EVENT, { mode: 'paused' })
  for (let i = 0; i < 50; i++) {
    const entered = await line.enter(EVENT, `run${run}-early-${i}`)
    if (entered.kind !== 'in') throw new Error(entered.code)
    tell({
      kind: 'entered',
      visitor: entered.visit.visitor,
      ticket: entered.visit.ticket ?? 0,
      direct: false,
    })
  }
  await line.change(EVENT, { mode: 'open' })
  await Promise.all([...[1, 2, 3, 4, 5, 6].map(arrive), admit()])
})
tell({ kind: 'ready' })
