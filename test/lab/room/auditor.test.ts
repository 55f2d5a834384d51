/** The auditor of a waiting room, with made-up histories: good ones pass, each fault is named as what it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namesIn, RoomAuditor, type RoomEvent, type RoomVerdict } from '../../../src/lab/index.ts'

/** A history in the making; every step is a tenth of a second. */
class Story {
  readonly events: RoomEvent[] = []
  at = 1_000_000

  constructor(cap = 3) {
    this.line({ cap })
  }

  add(event: RoomEvent): this {
    this.events.push(event)
    this.at += 100
    return this
  }

  line(more: Partial<Extract<RoomEvent, { kind: 'line' }>> = {}): this {
    const line = { epoch: 1, waiting: 0, active: 0, cap: 3, returned: 0, mode: 'open', limitedBy: 'none' }
    return this.add({ kind: 'line', at: this.at, ...line, ...more })
  }

  asks(visitor: string, fresh = true): this {
    this.add({ kind: 'visitor', at: this.at, visitor, email: `${visitor}@test.com` })
    return this.add({ kind: 'asked', at: this.at, visitor, fresh })
  }

  placed(visitor: string, ticket: number | null, position: number, more: Partial<Placed> = {}): this {
    const state = position > 0 ? 'waiting' : 'admitted'
    const rest = { via: 'check', state, epoch: 1, sentAt: this.at } as const
    this.add({ kind: 'placed', at: this.at + 50, visitor, ticket, position, ...rest, ...more })
    return this
  }

  /** Asked, answered, and listening. */
  waits(visitor: string, ticket: number, position: number): this {
    return this.asks(visitor).placed(visitor, ticket, position).present(visitor)
  }

  looks(visitor: string, ticket: number | null, position: number, state?: string): this {
    return this.placed(visitor, ticket, position, { via: 'status', ...(state && { state }) })
  }

  pass(visitor: string, claimBy: number | null = null, until: number | null = null): this {
    return this.add({ kind: 'pass', at: this.at, visitor, until, claimBy })
  }

  enters(visitor: string, ticket: number): this {
    return this.asks(visitor).placed(visitor, ticket, 0).present(visitor).pass(visitor)
  }

  present(visitor: string): this {
    return this.add({ kind: 'present', at: this.at, visitor })
  }

  absent(visitor: string): this {
    return this.add({ kind: 'absent', at: this.at, visitor })
  }

  gone(visitor: string): this {
    return this.add({ kind: 'gone', at: this.at, visitor })
  }

  passes(ms: number): this {
    this.at += ms
    return this
  }

  verdict(more: { everybody?: boolean; threshold?: number } = {}): RoomVerdict {
    const { everybody = false, threshold } = more
    const auditor = new RoomAuditor({ patienceMs: 60_000, ...(threshold !== undefined && { threshold }) })
    for (const event of this.events) auditor.see(event)
    return auditor.verdict({ everybody, at: this.at })
  }

  /** One finding of this kind, and what it says. */
  finds(kind: string, says: RegExp, more?: { everybody?: boolean; threshold?: number }): void {
    const { ok, counts, findings } = this.verdict(more)
    assert.equal(ok, false, 'it was found good')
    assert.deepEqual(Object.keys(counts), [kind], JSON.stringify(findings))
    assert.match(findings[0]?.says ?? '', says)
  }

  isGood(more?: { everybody?: boolean; threshold?: number }): RoomVerdict {
    const verdict = this.verdict(more)
    assert.deepEqual(verdict.findings, [])
    assert.equal(verdict.ok, true)
    return verdict
  }
}

type Placed = Extract<RoomEvent, { kind: 'placed' }>

/** Three inside, two waiting. */
const full = () => {
  const story = new Story().enters('a', 1).enters('b', 2).enters('c', 3)
  return story.waits('d', 4, 1).waits('e', 5, 2)
}

test('a room that does as it says: nothing is found, and who was inside is counted', () => {
  const story = full().gone('a').pass('d', 100).gone('b').pass('e', 200)
  const { admitted, mostInside, visitors } = story.isGood({ everybody: true })
  assert.deepEqual([admitted, mostInside, visitors], [5, 3, 5])
})

test('L3: one more inside than there are places is over-admission', () => {
  full()
    .pass('d')
    .finds('over_admission', /^d is number 4 inside at once, and the threshold is 3$/)
})

test('L3: a pass that has ended counts no longer, one that was given back neither', () => {
  const story = new Story(1).line({ cap: 1 }).asks('a').placed('a', 1, 0)
  story
    .pass('a', null, story.at + 5_000)
    .waits('b', 2, 1)
    .waits('c', 3, 2)
  story.passes(6_000).pass('b', 1).gone('b').pass('c', 2).isGood()
})

test('L3: a raised threshold is taken into account, also when it is heard of after the first one let in by it', () => {
  full().pass('d').line({ cap: 4 }).isGood()
  full().line({ cap: 4 }).pass('d').isGood()
  // Too late to have been the reason.
  full()
    .pass('d')
    .passes(30_000)
    .line({ cap: 4 })
    .finds('over_admission', /threshold is 3/)
})

test('L3: a lowered threshold sends nobody out, and lets nobody in', () => {
  full().line({ cap: 1 }).isGood()
  const story = full().line({ cap: 1 }).passes(1_000).looks('d', 4, 1).gone('a')
  story
    .passes(20_000)
    .looks('d', 4, 1)
    .pass('d')
    .finds('over_admission', /number 3 .* threshold is 1/)
})

test('L3: what the operator says of the threshold counts more than what the room says', () => {
  full().finds('over_admission', /threshold is 2/, { threshold: 2 })
})

test('L2: who asked after another one was answered has the higher ticket', () => {
  const story = new Story(0).asks('a').placed('a', 7, 1)
  story
    .asks('b')
    .placed('b', 6, 1)
    .finds('order', /a had been given ticket 7 when b asked and got 6/)
})

test('L2: two who asked at the same time may be in either order, and who had a place before keeps it', () => {
  new Story(0).asks('a').asks('b').placed('a', 7, 2).placed('b', 6, 1).isGood()
  new Story(0).waits('a', 7, 2).asks('b', false).placed('b', 3, 1).isGood()
})

test('L2: let in before an earlier one who was there', () => {
  const story = full().gone('a').pass('e').passes(1_000)
  story.looks('d', 4, 1).finds('order', /^e \(ticket 5\) was let in while d \(ticket 4\) was there/)
})

test('L2: an absent one is passed over, a stale answer proves nothing', () => {
  full().absent('d').gone('a').pass('e').present('d').looks('d', 4, 1).isGood()
  const story = full().gone('a')
  const sentAt = story.at
  story.pass('e').placed('d', 4, 1, { via: 'status', sentAt }).isGood()
})

test('L2: the moments of the calls are in the order of tickets', () => {
  full()
    .gone('a')
    .pass('e', 1_000)
    .gone('b')
    .pass('d', 2_000)
    .finds('order', /e .* before d \(ticket 4\)/)
  full().gone('a').gone('b').pass('e', 1_000).pass('d', 1_000).isGood()
})

test('L6: an id, an address or a pass of another one in whatever was received', () => {
  for (const [what, value] of [
    ['id', 'b'],
    ['email', 'b@test.com'],
    ['pass', 'b'],
  ] as const) {
    const story = full()
    story.add({ kind: 'named', at: story.at, visitor: 'a', frame: 'queue-updated', names: [{ what, value }] })
    story.finds('identity_leak', new RegExp(`queue-updated told a the ${what} of another: b`))
  }
  const story = full()
  const names = [
    { what: 'id', value: 'a' },
    { what: 'email', value: 'A@test.com' },
  ] as const
  story.add({ kind: 'named', at: story.at, visitor: 'a', frame: 'session-restored', names }).isGood()
})

test('L4: another ticket, none any more, or a worse place after coming back is a lost place', () => {
  const away = () => full().absent('e').passes(5_000).present('e')
  away().looks('e', 5, 2).isGood()
  away()
    .looks('e', 9, 2)
    .finds('lost_place', /e had ticket 5 and was given ticket 9/)
  away()
    .looks('e', null, 0, 'none')
    .finds('lost_place', /e had ticket 5 and has no place any more: none/)
  away()
    .looks('e', 5, 3)
    .finds('lost_place', /e \(ticket 5\) was number 2 and is number 3/)
})

test('L4: a place may be worse when somebody came back ahead, and gone after a long absence or a clearing', () => {
  full().looks('e', 5, 3).line({ returned: 1 }).isGood()
  full().absent('d').passes(70_000).present('d').looks('e', 5, 3).isGood()
  full().absent('e').passes(1_000_000).present('e').looks('e', null, 0, 'none').isGood()
  full().placed('e', null, 0, { via: 'status', state: 'none', epoch: 2 }).isGood()
})

test('L1: one ticket for two', () => {
  full()
    .asks('f')
    .placed('f', 5, 3)
    .finds('lost_place', /ticket 5 was given to e and to f/)
})

test('L5: who was there and is left over at the end, or waits while places are free', () => {
  full()
    .gone('a')
    .pass('d', 1)
    .finds('never_admitted', /e \(ticket 5\) was there to the end/, { everybody: true })
  full().gone('a').pass('d', 1).absent('e').isGood({ everybody: true })
  const story = full().gone('a')
  for (let i = 0; i < 8; i++) story.line({ waiting: 2, active: 2 }).passes(10_000)
  story.finds('never_admitted', /d \(ticket 4\) waits although 1 places were free/)
  const paused = full().gone('a')
  for (let i = 0; i < 8; i++) paused.line({ waiting: 2, active: 2, mode: 'paused' }).passes(10_000)
  paused.isGood()
})

test('findings are counted all and kept some, however many there are', () => {
  const story = new Story(1).line({ cap: 1 })
  for (let i = 1; i <= 200; i++) story.enters(`v${i}`, i)
  const { counts, findings } = story.verdict()
  assert.equal(counts.over_admission, 199)
  assert.equal(findings.length, 20)
})

test('names are found wherever they stand in a payload, and numbers or short texts are none', () => {
  const ids = new Set(['u-12345678', '0198aaaa-bbbb-7ccc-8ddd-eeeeffff0000', '1', 'name'])
  const isId = (text: string) => ids.has(text)
  const claims = Buffer.from(JSON.stringify({ sub: 'u-12345678' })).toString('base64url')
  const cases: [unknown, string[]][] = [
    [{ queueSize: 1, eventId: '1', serving: 12, name: 'name', timestamp: '2026-01-01T00:00:00Z' }, []],
    [{ userId: 'somebody' }, ['id somebody']],
    [{ userId: 42 }, ['id 42']],
    [{ users: [{ deep: ['u-12345678'] }] }, ['id u-12345678']],
    [{ 'u-12345678': 1 }, ['id u-12345678']],
    [
      { message: 'welcome 0198aaaa-bbbb-7ccc-8ddd-eeeeffff0000!' },
      ['id 0198aaaa-bbbb-7ccc-8ddd-eeeeffff0000'],
    ],
    [{ note: 'write to Loadtest7@test.com.' }, ['email Loadtest7@test.com']],
    [{ pass: `eyJhbGciOiJFZERTQSJ9.${claims}.c2lnbmF0dXJl` }, ['pass u-12345678']],
    ['u-12345678', ['id u-12345678']],
    [null, []],
  ]
  for (const [payload, names] of cases) {
    const found = namesIn(payload, isId).map(({ what, value }) => `${what} ${value}`)
    assert.deepEqual(found, names, JSON.stringify(payload))
  }
})
