/**
 * What each statement of the store costs, without timing it: the query planner's own word. A statement that scans or
 * sorts costs more the longer the backlog is, which is what a queue must never do.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { DATABASE, embeddedEngine, newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'

/** Reads all by its nature, and why that is no harm. */
const MAY_SCAN: readonly RegExp[] = [
  // One row per type, once at the start and after a rollback.
  /FROM tally$/,
  // One row per event of the waiting room, once at the start.
  /FROM line_event ORDER BY id$/,
  // An audit that says that it is one.
  /GROUP BY type, state$/,
  // An operator's retry or delete of all: walks the index of the dead letters alone, in rounds.
  /state = 6 .*finished_at < \?/,
]

const dir = newDataDir()
const statements = new Set<string>()
const plans = new Map<string, string>()

before(async () => {
  const { prepare } = DatabaseSync.prototype
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, ...args: Parameters<typeof prepare>) {
    statements.add(args[0].replace(/\s+/g, ' '))
    return prepare.apply(this, args)
  }
  const engine = embeddedEngine(dir, new FakeClock())
  try {
    await engine.start()
    await engine.depth()
  } finally {
    DatabaseSync.prototype.prepare = prepare
    await engine.stop()
  }
  const db = new DatabaseSync(join(dir, DATABASE))
  for (const sql of statements) {
    if (!/^(SELECT|INSERT|UPDATE|DELETE)/.test(sql)) continue
    const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]
    plans.set(sql, steps.map(({ detail }) => detail).join('; '))
  }
  db.close()
})

after(() => removeDataDir(dir))

const planOf = (part: RegExp): string => {
  const found = [...plans].filter(([sql]) => part.test(sql))
  assert.equal(found.length, 1, `one statement with ${part}, found ${found.map(([sql]) => sql).join(' | ')}`)
  return found[0]?.[1] ?? ''
}

test('no statement of the store scans or sorts, those that count everything by name excepted', () => {
  assert.ok(plans.size > 25, `only ${plans.size} statements were seen`)
  for (const [sql, plan] of plans) {
    if (MAY_SCAN.some((allowed) => allowed.test(sql))) continue
    assert.doesNotMatch(plan, /\bSCAN\b|TEMP B-TREE/, sql)
  }
})

test('taking walks the ready index in the order of the line: held, delayed and finished are not in it', () => {
  const plan = planOf(/JOIN body .* state = 0 ORDER BY priority DESC, lane_seq LIMIT/)
  assert.match(plan, /USING INDEX message_ready \(type=\?\); SEARCH body USING INTEGER PRIMARY KEY/)
})

test('what is due is looked up by state and moment, and so is the next moment', () => {
  assert.match(planOf(/state = \? AND due_at <= \?/), /INDEX message_due \(state=\? AND due_at<\?\)/)
  assert.match(planOf(/min\(due_at\)/), /INDEX message_due \(state=\?/)
})

test('dead letters are found and paged in their own index', () => {
  assert.match(planOf(/state = 6 AND message\.seq > \?/), /message_dead|INTEGER PRIMARY KEY \(rowid>\?\)/)
  assert.match(planOf(/state = 6 .*finished_at < \?/), /INDEX message_dead/)
})

test('Q5: the state of a key is its first entry: those held behind it are not looked at', () => {
  const keyed = /SEARCH message USING (COVERING )?INDEX message_keyed \(type=\? AND ordering_key=\?/
  assert.match(planOf(/^SELECT 1 FROM message WHERE type = \? AND ordering_key = \?/), keyed)
  assert.match(planOf(/state = 1 AND ordering_key IS NOT NULL ORDER BY seq LIMIT 1/), keyed)
})

test('a message is found by its id, and written by its number', () => {
  assert.match(planOf(/JOIN body .* WHERE id = \?$/), /INDEX message_id \(id=\?\)/)
  const updates = [...plans].filter(([sql]) => sql.startsWith('UPDATE message'))
  assert.ok(updates.length >= 4)
  for (const [sql, plan] of updates) assert.match(plan, /INTEGER PRIMARY KEY \(rowid=\?\)/, sql)
})
