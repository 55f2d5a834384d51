/**
 * A power cut in test form (Q1, Q2): while an engine works, its files are copied at random moments and the copies are
 * opened. Everything acknowledged before the copy began must be there.
 *
 * Which copies are states that a power cut could leave? The log only grows until it begins a new round, and the
 * database file is written only by a checkpoint, with pages that are in the log, which stays until they are synced.
 * So within one round of the log (same salts before and after):
 *   - database first, then log: legal. Whatever a checkpoint wrote into the database before, during or after the copy,
 *     torn or not, the later log holds those pages and lays them over.
 *   - log first, then database: legal only when no checkpoint wrote in between; otherwise the database holds pages
 *     newer than the log's end, which no crash can leave. It is taken when the database was the same before and after.
 * What lies behind the last frame acknowledged may be anything: cut off anywhere, garbage, zeros. That is a torn write.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../../src/core/index.ts'
import type { EmbeddedEngine } from '../../../src/engines/embedded/index.ts'
import { unaccounted } from '../../../src/queue/index.ts'
import { message, request, TYPE } from '../../conformance/subject.ts'
import { DATABASE, embeddedEngine, LOG, newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { seed, seededRandom } from '../../fixtures/seed.ts'
import { endOfLog, saltsOf } from './wal.ts'

const COPIES = 40

const clock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/** The audit's side: what was acknowledged, and how it ended if it did. */
class Workload {
  readonly acknowledged: string[] = []
  readonly done = new Set<string>()
  readonly #engine: EmbeddedEngine
  readonly #under: Promise<void>[]
  #over = false

  constructor(engine: EmbeddedEngine) {
    this.#engine = engine
    this.#under = [this.#publish(1), this.#publish(7), this.#publish(40), this.#consume()]
  }

  async end(): Promise<void> {
    this.#over = true
    await Promise.all(this.#under)
  }

  async #publish(batch: number): Promise<void> {
    while (!this.#over) {
      // Enough to be under load, not so much that the audits read more than the engine writes.
      if ((this.#engine.counts().get(TYPE)?.ready ?? 0) > 300) {
        await turn()
        continue
      }
      const messages = Array.from({ length: batch }, () => message({ content: 'x'.repeat(200) }))
      for (const one of await this.#engine.publish(messages)) {
        if (one.kind === 'accepted') this.acknowledged.push(one.id)
      }
    }
  }

  async #consume(): Promise<void> {
    while (!this.#over) {
      const taken = await this.#engine.take(request({ max: 20 }))
      await this.#engine.settle(taken.map(({ lease }) => ({ lease, verdict: { kind: 'done' } })))
      for (const { lease } of taken) this.done.add(lease.id)
      await turn()
    }
  }
}

interface Image {
  readonly database: Buffer
  readonly log: Buffer
}

const read = (dir: string, file: string): Buffer =>
  existsSync(join(dir, file)) ? readFileSync(join(dir, file)) : Buffer.alloc(0)

/** A copy taken while the log was in one round; undefined when a new one began meanwhile: then it is no legal one. */
function copy(dir: string, order: 'database first' | 'log first'): Image | undefined {
  const before = saltsOf(read(dir, LOG))
  const early = read(dir, DATABASE)
  const log = read(dir, LOG)
  const late = order === 'log first' ? read(dir, DATABASE) : early
  const same = before === saltsOf(log) && before === saltsOf(read(dir, LOG))
  if (!same || !late.equals(early)) return undefined
  return { database: late, log }
}

/** Cuts or soils what may be torn: everything from `safe` on, the end of what was acknowledged. */
function tear({ database, log }: Image, safe: number, random: () => number): Image {
  const cut = safe + Math.floor(random() * (log.length - safe + 1))
  const tail = Buffer.alloc(Math.floor(random() * 9000))
  if (random() < 0.7) for (let i = 0; i < tail.length; i++) tail[i] = Math.floor(random() * 256)
  return { database, log: Buffer.concat([log.subarray(0, cut), tail]) }
}

async function audit(
  image: Image,
  acknowledged: readonly string[],
  done: ReadonlySet<string>,
): Promise<void> {
  const dir = newDataDir()
  writeFileSync(join(dir, DATABASE), image.database)
  writeFileSync(join(dir, LOG), image.log)
  const engine = embeddedEngine(dir, new FakeClock(Date.now()))
  try {
    await engine.start()
    const missing: string[] = []
    const records = await Promise.all(acknowledged.map((id) => engine.find(id)))
    for (const [i, id] of acknowledged.entries()) {
      const record = records[i]
      if (!record || (done.has(id) && record.state !== 'done')) missing.push(`${id} ${record?.state}`)
    }
    assert.deepEqual(missing, [], `Q1: of ${acknowledged.length} acknowledged`)
    const recounted = await engine.recount()
    for (const [type, counts] of engine.counts()) {
      assert.equal(unaccounted(counts), 0, 'Q2')
      assert.deepEqual(recounted[type] ?? counts, counts, 'the counters are those of the messages')
    }
  } finally {
    await engine.stop()
    removeDataDir(dir)
  }
}

test(`Q1, Q2: a copy of the files taken at any moment has everything acknowledged before (seed ${seed})`, async () => {
  const random = seededRandom()
  const dir = newDataDir()
  const engine = embeddedEngine(dir, clock, { host: 'worker' })
  await engine.start()
  const workload = new Workload(engine)
  let copies = 0
  let refused = 0
  try {
    while (copies < COPIES) {
      assert.ok(refused < 2000, 'no legal copy can be had')
      for (let turns = random() * 40; turns > 0; turns--) await turn()
      // Acknowledged first, then the log's end as it is now, then the copy: the order that makes the claim true.
      const acknowledged = [...workload.acknowledged]
      const done = new Set(workload.done)
      const first = read(dir, LOG)
      const spin = performance.now() + random() * 8
      while (performance.now() < spin);
      const image = copy(dir, random() < 0.5 ? 'database first' : 'log first')
      if (!image || saltsOf(first) !== saltsOf(image.log)) {
        refused++
        continue
      }
      copies++
      await audit(image, acknowledged, done)
      await audit(tear(image, endOfLog(first), random), acknowledged, done)
    }
  } finally {
    await workload.end()
    await engine.stop()
    removeDataDir(dir)
  }
})
