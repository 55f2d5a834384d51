/** Runs commands on a line and on the model side by side, and says where they first differ. */
import assert from 'node:assert/strict'
import {
  DEFAULT_DOOR,
  type DoorSettings,
  type LineEngine,
  type Look,
  placeFrom,
  unaccountedVisitors,
} from '../../src/waiting-room/index.ts'
import { type LineCommand, VISITORS } from './line-commands.ts'
import { LineModel } from './line-model.ts'

const EVENT = 'model'
/** Short enough for every time to run out in a random trace. */
const DOOR: DoorSettings = {
  ...DEFAULT_DOOR,
  cap: 3,
  claimMs: 20_000,
  claimTries: 2,
  leaseMs: 30_000,
  hardMs: 70_000,
  graceMs: 40_000,
  parkedMs: 90_000,
  undoMs: 5_000,
  retentionMs: 60_000,
}

/** What a comparison needs of an engine's set-up. */
export interface LineUnderTest {
  readonly engine: LineEngine
  now(): number
  advance(ms: number): void
  /** The engine after a stop and a start on the same data. */
  restart(): Promise<LineEngine>
  /** Another engine on what lies on the disk now; the first one goes. */
  crash(): Promise<LineEngine>
}

const nameOf = (visitor: number): string => `v${visitor}`

export class LineComparison {
  /** What happened, as the audit trail tells it: to see that the commands reach everything. */
  readonly causes = new Set<string>()
  readonly #subject: LineUnderTest
  readonly #model = new LineModel(EVENT, DOOR)
  #engine: LineEngine
  #secrets = 0

  constructor(subject: LineUnderTest) {
    this.#subject = subject
    this.#engine = subject.engine
  }

  /** `everywhere`: crash and open again after every single command. */
  async run(commands: readonly LineCommand[], everywhere = false): Promise<void> {
    assert.equal(await this.#engine.define(EVENT, DOOR), true)
    for (const command of commands) {
      await this.#step(command)
      await this.#compare()
      if (!everywhere) continue
      await this.#step({ kind: 'crash' })
      await this.#compare()
    }
    for (const { cause } of await this.#engine.audit(0, 1000)) this.causes.add(cause)
  }

  async #step(command: LineCommand): Promise<void> {
    const now = this.#subject.now()
    switch (command.kind) {
      case 'enter':
        for (const visitor of command.visitors) {
          const entered = await this.#engine.enter(EVENT, nameOf(visitor))
          const { look, ...rest } = { look: undefined, ...entered }
          assert.deepEqual(rest, this.#model.enter(nameOf(visitor), now), 'enter')
          if (look) await this.#sameLook(look)
        }
        return
      case 'admit': {
        const before = this.#inside()
        const { limitedBy: _, ...admission } = await this.#engine.admit(EVENT, command.max)
        assert.deepEqual(admission, this.#model.admit(command.max, now), 'admit')
        assert.ok(this.#inside() <= Math.max(before, this.#model.door.cap), 'L3')
        return
      }
      case 'step': {
        const visit = await this.#engine[command.step](EVENT, nameOf(command.visitor))
        return assert.deepEqual(
          visit,
          this.#model.step(nameOf(command.visitor), command.step, now),
          command.step,
        )
      }
      case 'seen': {
        const visitors = command.visitors.map(nameOf)
        await this.#engine.seen(EVENT, visitors)
        return this.#model.seen(visitors, now)
      }
      case 'pass':
        return this.#subject.advance(command.ms)
      case 'change':
        return this.#change(command.change, now)
      case 'prequeue': {
        this.#secrets++
        const secret = this.#secrets.toString(16).padStart(64, '0')
        const begun = await this.#engine.prequeue(EVENT, secret, null)
        return assert.deepEqual(begun, this.#model.prequeue(secret, now), 'prequeue')
      }
      case 'open': {
        const draw = await this.#engine.open(EVENT, command.beacon)
        return assert.deepEqual(draw, this.#model.open(command.beacon, now), 'open')
      }
      case 'clear': {
        const { active } = command
        const cleared = await this.#engine.clear(EVENT, { active, dryRun: false })
        return assert.deepEqual(cleared, this.#model.clear(active, now), 'clear')
      }
      case 'restart':
      case 'crash':
        this.#engine = await this.#subject[command.kind]()
        return this.#model.restart(this.#subject.now())
    }
  }

  async #change(change: Partial<DoorSettings>, now: number): Promise<void> {
    if (change.mode !== undefined && this.#model.door.mode === 'prequeue') return
    this.#model.pass(now)
    this.#model.door = { ...this.#model.door, ...change }
    assert.deepEqual(await this.#engine.change(EVENT, change), this.#model.door, 'change')
  }

  /** What an entry tells of the event is what a snapshot right after it tells. */
  async #sameLook(look: Look): Promise<void> {
    const snapshot = await this.#engine.snapshot(EVENT)
    assert.ok(snapshot)
    const { departed: _, ...frame } = snapshot.frame
    assert.deepEqual(look, { frame, door: snapshot.door }, 'look')
  }

  #inside(): number {
    const { ready, admitted } = this.#model.counts()
    return ready + admitted
  }

  /** After every command: every visitor, every count, and what a client would compute from the frame. */
  async #compare(): Promise<void> {
    this.#model.pass(this.#subject.now())
    const snapshot = await this.#engine.snapshot(EVENT)
    assert.ok(snapshot)
    const { counts, frame, door } = snapshot
    assert.deepEqual(counts, this.#model.counts(), 'counts')
    assert.equal(unaccountedVisitors(counts), 0, 'everybody is somewhere')
    assert.deepEqual(door, this.#model.door)
    assert.deepEqual([frame.serving, frame.next], [this.#model.serving, this.#model.last])
    for (let i = 0; i < VISITORS; i++) {
      const visit = await this.#engine.status(EVENT, nameOf(i))
      assert.deepEqual(visit, this.#model.visit(nameOf(i)), `visitor ${i}`)
      if (visit.state !== 'waiting' || (visit.ticket ?? 0) <= frame.serving) continue
      const place = placeFrom(frame, visit.ticket ?? 0)
      assert.ok(place >= 1 && place <= frame.waiting, `place ${place} of ${frame.waiting}`)
    }
  }
}
