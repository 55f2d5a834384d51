/** The frame that everybody gets: enough to compute one's own place, and nobody's name in it (L6). */
import assert from 'node:assert/strict'
import { type Frame, type LineEngine, placeFrom } from '../../../src/waiting-room/index.ts'
import { allEnter, changes, EVENT, enters, eventOf, type LineCase, passes, people } from './subject.ts'

async function frameOf(engine: LineEngine): Promise<Frame> {
  const snapshot = await engine.snapshot(EVENT)
  assert.ok(snapshot)
  return snapshot.frame
}

async function placesAgree(engine: LineEngine, visitors: readonly string[]): Promise<void> {
  const frame = await frameOf(engine)
  for (const visitor of visitors) {
    const { state, ticket, position } = await engine.status(EVENT, visitor)
    if (state !== 'waiting' || ticket === undefined || ticket <= frame.serving) continue
    const off = Math.abs(placeFrom(frame, ticket) - position)
    assert.ok(off <= 1 + position / 20, `${visitor}: ${placeFrom(frame, ticket)} for ${position}`)
  }
}

export const frames: readonly LineCase[] = [
  {
    name: 'a place computed from the frame is the exact one while nobody has left',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 3 })
      await allEnter(engine, people(40))
      const frame = await frameOf(engine)
      assert.deepEqual([frame.serving, frame.next, frame.waiting, frame.active], [3, 40, 37, 3])
      for (const visitor of people(40).slice(3)) {
        const { ticket = 0, position } = await engine.status(EVENT, visitor)
        assert.equal(placeFrom(frame, ticket), position)
      }
    },
  },
  {
    name: 'the places stay close after half of the line has left, has been called or came back',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0, undoMs: 0 })
      const all = people(120)
      await allEnter(engine, all)
      for (let i = 0; i < 120; i += 2) await engine.leave(EVENT, all[i] ?? '')
      await placesAgree(engine, all)
      await passes(subject, 61_000)
      await engine.seen(EVENT, all.slice(20))
      await changes(engine, { cap: 10 })
      await engine.admit(EVENT, 100)
      await placesAgree(engine, all)
      await engine.seen(EVENT, all.slice(0, 10))
      assert.equal((await frameOf(engine)).returned, 5)
      await placesAgree(engine, all)
    },
  },
  {
    name: 'L6: no frame and no snapshot holds a visitor’s name, whatever happened',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 2 })
      const named = people(30, 'secretname')
      await allEnter(engine, named)
      await engine.leave(EVENT, 'secretname7')
      await engine.done(EVENT, 'secretname1')
      await engine.admit(EVENT, 5)
      await passes(subject, 61_000)
      await engine.admit(EVENT, 5)
      assert.doesNotMatch(JSON.stringify(await engine.snapshot(EVENT)), /secretname/)
      assert.doesNotMatch(JSON.stringify(await engine.events()), /secretname/)
    },
  },
  {
    name: 'the frame says what holds the others back, and the settings that everybody may know',
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 1, ratePerMinute: 100 })
      assert.equal((await frameOf(engine)).limitedBy, 'none')
      await allEnter(engine, ['v1', 'v2'])
      const frame = await frameOf(engine)
      assert.deepEqual(
        [frame.event, frame.limitedBy, frame.cap, frame.ratePerMinute, frame.mode, frame.epoch],
        [EVENT, 'cap', 1, 100, 'open', 1],
      )
      assert.ok(JSON.stringify(frame).length < 500, 'small, for it goes to everybody')
    },
  },
  {
    name: 'serving never goes back',
    needs: ['advance'],
    async run(subject) {
      const { engine } = subject
      await eventOf(subject, { cap: 0, graceMs: 10_000 })
      await allEnter(engine, people(6))
      await passes(subject, 11_000)
      await engine.seen(EVENT, ['v4', 'v5', 'v6'])
      await changes(engine, { cap: 1 })
      await engine.admit(EVENT, 1)
      assert.equal((await frameOf(engine)).serving, 4)
      await enters(engine, 'v1')
      await changes(engine, { cap: 2 })
      await engine.admit(EVENT, 1)
      assert.equal((await frameOf(engine)).serving, 4)
    },
  },
]
