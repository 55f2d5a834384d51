/** Settings and the audit trail. */
import assert from 'node:assert/strict'
import { type AuditEntry, DEFAULT_DOOR, transition } from '../../../src/waiting-room/index.ts'
import {
  allEnter,
  changes,
  countsOf,
  EVENT,
  enters,
  eventOf,
  type LineCase,
  passes,
  people,
} from './subject.ts'

export const records: readonly LineCase[] = [
  {
    name: 'an event is made once; making it again leaves it as it is',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 7 })
      assert.equal(await engine.define(EVENT, { ...DEFAULT_DOOR, cap: 9 }), false)
      assert.equal((await engine.snapshot(EVENT))?.door.cap, 7)
    },
  },
  {
    name: 'settings out of range and ids that are none are refused, and nothing changes',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 7 })
      for (const change of [{ cap: -1 }, { cap: 1.5 }, { ratePerMinute: Number.NaN }, { claimMs: 1 }]) {
        await assert.rejects(engine.change(EVENT, change), { code: 'invalid_setting' })
      }
      for (const id of ['', 'a b', 'a/b', 'a{b}', 'x'.repeat(65), '한글']) {
        await assert.rejects(engine.define(id, DEFAULT_DOOR), { code: 'invalid_setting' })
      }
      await assert.rejects(engine.define('other', { ...DEFAULT_DOOR, cap: -1 }), { code: 'invalid_setting' })
      assert.equal((await engine.snapshot(EVENT))?.door.cap, 7)
      assert.equal((await engine.events()).length, 1)
    },
  },
  {
    name: 'settings changed while running are there after a restart',
    needs: ['restart'],
    async run(subject) {
      const { engine, restart } = subject
      await eventOf(subject)
      await changes(engine, { cap: 17, ratePerMinute: 30, mode: 'paused', opensAt: 1_800_000_000_000 })
      const next = await restart?.()
      assert.deepEqual((await next?.snapshot(EVENT))?.door, {
        ...DEFAULT_DOOR,
        cap: 17,
        ratePerMinute: 30,
        mode: 'paused',
        opensAt: 1_800_000_000_000,
      })
    },
  },
  {
    name: 'the audit trail tells every transition in order, and each is one that the table knows',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 1, claimMs: 20_000, undoMs: 5_000 })
      await allEnter(engine, people(4))
      await engine.leave(EVENT, 'v4')
      await engine.undo(EVENT, 'v4')
      await engine.done(EVENT, 'v1')
      await engine.admit(EVENT, 5)
      await passes(subject, 21_000)
      await enters(engine, 'v2')
      await engine.admit(EVENT, 5)
      await engine.claim(EVENT, 'v2')
      const entries = await engine.audit(0, 1000)
      const steps = entries.filter(({ visitor }) => visitor !== undefined)
      assert.deepEqual(
        steps.map(({ visitor, ticket, cause }) => `${visitor} ${ticket} ${cause}`),
        [
          'v1 1 enter_directly',
          'v2 2 enter',
          'v3 3 enter',
          'v4 4 enter',
          'v4 4 leave',
          'v4 4 undo',
          'v1 1 finish',
          'v2 2 call',
          'v2 2 claim_over',
          'v2 2 back',
          'v2 2 call',
          'v2 2 claim',
        ],
      )
      const now = new Map<string, AuditEntry['to']>()
      for (const { visitor = '', from, to, cause } of steps) {
        assert.equal(from, now.get(visitor) ?? 'none')
        assert.equal(transition(from ?? 'none', cause as Parameters<typeof transition>[1]), to)
        now.set(visitor, to)
      }
      assert.equal(entries.filter(({ cause }) => cause === 'define').length, 1)
    },
  },
  {
    name: 'the audit trail is read page by page, every entry once',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 3 })
      await allEnter(engine, people(20))
      const seen: AuditEntry[] = []
      for (let after = 0; ; ) {
        const page = await engine.audit(after, 6)
        if (page.length === 0) break
        assert.ok(page.length <= 6)
        seen.push(...page)
        after = page.at(-1)?.seq ?? 0
      }
      assert.equal(seen.filter(({ visitor }) => visitor !== undefined).length, 20)
      for (const [i, entry] of seen.entries()) if (i > 0) assert.ok(entry.seq > (seen[i - 1]?.seq ?? 0))
      assert.equal((await countsOf(engine)).entered, 20)
    },
  },
]
