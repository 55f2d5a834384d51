/**
 * The process is killed with SIGKILL in the middle of entries and admissions, again and again: everybody who was told a
 * ticket has it afterwards, and is called in the order of tickets (L1, L2, L3, L4).
 */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { unaccountedVisitors } from '../../../../src/waiting-room/index.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../../../fixtures/embedded.ts'
import { FakeClock } from '../../../fixtures/fake-clock.ts'
import { withLimit } from '../../../fixtures/process.ts'
import { seed, seededRandom } from '../../../fixtures/seed.ts'
import { EVENT, type Told } from './kill-told.ts'

const KILLS = 8
const LIMIT_MS = 60_000

/** What visitors were told, over all lives of the process. */
class Audience {
  readonly tickets = new Map<string, number>()
  readonly done = new Set<string>()
  /** In the order in which they were told. */
  readonly called: number[] = []
  readonly inside = new Set<string>()

  hear(told: Told): void {
    if (told.kind === 'entered') {
      this.tickets.set(told.visitor, told.ticket)
      if (told.direct) this.inside.add(told.visitor)
    }
    if (told.kind === 'called') {
      for (const [visitor, ticket] of told.called) {
        this.called.push(ticket)
        this.inside.add(visitor)
      }
    }
    if (told.kind === 'done') this.done.add(told.visitor)
  }
}

/** One life: as many answers as `answers`, then the end. */
async function live(dir: string, run: number, audience: Audience, answers: number): Promise<void> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = fork(join(import.meta.dirname, 'kill-child.ts'), [dir, String(run)], { env })
  const exited = once(child, 'exit')
  try {
    const enough = Promise.withResolvers<void>()
    let heard = 0
    child.on('message', (told: Told) => {
      if (told.kind === 'ready') {
        child.send([...audience.inside].filter((visitor) => !audience.done.has(visitor)))
        return
      }
      audience.hear(told)
      heard++
      if (heard >= answers) enough.resolve()
    })
    exited.then(([code]) => enough.reject(new Error(`it ended by itself: ${code}`)))
    await withLimit(enough.promise, LIMIT_MS, () => `only ${heard} of ${answers} answers`)
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

test('L1–L4: kill -9 in the middle of admissions: the same tickets, the same order', async (t) => {
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom()
  const dir = newDataDir()
  t.after(() => removeDataDir(dir))
  const audience = new Audience()
  for (let run = 0; run < KILLS; run++) await live(dir, run, audience, 60 + Math.floor(random() * 1200))

  for (let i = 1; i < audience.called.length; i++) {
    assert.ok(
      (audience.called[i] ?? 0) > (audience.called[i - 1] ?? 0),
      `L2: ${audience.called.slice(i - 2, i + 1)}`,
    )
  }
  const engine = embeddedEngine(dir, new FakeClock(Date.now()))
  await engine.start()
  t.after(() => engine.stop())
  const snapshot = await engine.line.snapshot(EVENT)
  assert.ok(snapshot)
  assert.equal(unaccountedVisitors(snapshot.counts), 0)
  assert.ok(snapshot.frame.active <= 400, 'L3')
  const wrong: string[] = []
  for (const [visitor, ticket] of audience.tickets) {
    const visit = await engine.line.status(EVENT, visitor)
    const passed = ticket <= snapshot.frame.serving
    const right =
      visit.ticket === ticket &&
      (visit.state === 'waiting') === !passed &&
      (!audience.done.has(visitor) || visit.state === 'done')
    if (!right) wrong.push(`${visitor} ${ticket}: ${JSON.stringify(visit)}`)
  }
  assert.deepEqual(wrong, [], `of ${audience.tickets.size} who were told a ticket`)
  assert.equal(new Set(audience.tickets.values()).size, audience.tickets.size, 'L1')
  assert.ok(audience.called.length > 100, `only ${audience.called.length} were called`)
})

test('data of before the waiting room is opened as it is, and has a line from then on', async (t) => {
  const { DatabaseSync } = await import('node:sqlite')
  const dir = newDataDir()
  t.after(() => removeDataDir(dir))
  const clock = new FakeClock()
  const first = embeddedEngine(dir, clock)
  await first.start()
  await first.publish([{ id: 'kept', type: 'MNP', content: 'x', createdAt: clock.now(), priority: 4 }])
  await first.stop()
  const db = new DatabaseSync(join(dir, 'weir.db'))
  for (const table of ['event', 'visit', 'audit', 'chain']) db.exec(`DROP TABLE line_${table}`)
  db.exec('PRAGMA user_version=1')
  db.close()
  const second = embeddedEngine(dir, clock)
  await second.start()
  t.after(() => second.stop())
  assert.equal((await second.find('kept'))?.state, 'ready')
  assert.deepEqual(await second.line.events(), [])
  assert.equal(second.line.health().ok, true)
})
