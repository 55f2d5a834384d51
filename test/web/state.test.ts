/** What the visitor's page makes of what it hears, without a browser. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { letInLately, withSample } from '../../web/room/flow.ts'
import { countdown, etaText, spell } from '../../web/room/format.ts'
import { SPEAK_EVERY_MS, speak } from '../../web/room/speech.ts'
import {
  etaNow,
  type Input,
  initial,
  type PageState,
  progress,
  reduce,
  serverNow,
  toKeep,
} from '../../web/room/state.ts'
import type { FrameMessage, VisitAnswer } from '../../web/room/wire.ts'
import { WORDS } from '../../web/room/words.ts'

const T0 = 1_800_000_000_000
const iso = (at: number): string => new Date(at).toISOString()

function visit(change: Partial<VisitAnswer> = {}): VisitAnswer {
  return {
    eventId: '1',
    state: 'waiting',
    position: 10,
    number: 20,
    ticket: 20,
    epoch: 1,
    queueSize: 15,
    currentUsers: 10,
    threshold: 10,
    ratePerMinute: 0,
    mode: 'open',
    limitedBy: 'cap',
    slowedBy: null,
    opensAt: null,
    until: null,
    hardEnd: null,
    eta: { known: true, p50: 600, p90: 1200 },
    nextPollMs: 2_000,
    ...change,
  }
}

function frame(change: Partial<FrameMessage> = {}): FrameMessage {
  return {
    event: '1',
    epoch: 1,
    serving: 10,
    next: 30,
    returned: 0,
    departed: [],
    waiting: 20,
    active: 10,
    cap: 10,
    ratePerMinute: 0,
    mode: 'open',
    limitedBy: 'cap',
    slowedBy: null,
    opensAt: null,
    at: T0,
    ...change,
  }
}

const answer = (change: Partial<VisitAnswer> = {}): Input => ({
  kind: 'answer',
  visit: visit(change),
  at: T0,
})
const after = (...inputs: Input[]): PageState => inputs.reduce(reduce, initial('1'))
const placeOf = ({ phase }: PageState): number => (phase.kind === 'waiting' ? phase.place : 0)

test('the place comes from frames, by the function of the service, and each frame moves it', () => {
  const at12 = after(answer(), { kind: 'frame', frame: frame({ serving: 12, at: T0 + 1 }) })
  assert.equal(placeOf(at12), 8)
  assert.equal(at12.line?.waiting, 20)
  const gone = Array.from({ length: 32 }, (_, i) => (i < 3 ? 1 : 0))
  const withHoles = reduce(at12, {
    kind: 'frame',
    frame: frame({ serving: 12, next: 300, departed: gone, at: T0 + 2 }),
  })
  assert.ok(placeOf(withHoles) < 8 && placeOf(withHoles) >= 5)
})

test('the place on the screen never rises while the ticket is the same one', () => {
  const step = fc.oneof(
    fc.record({ position: fc.integer({ min: 1, max: 50 }) }).map((change) => answer(change)),
    fc
      .record({
        serving: fc.integer({ min: 0, max: 25 }),
        returned: fc.integer({ min: 0, max: 9 }),
        at: fc.nat(9),
      })
      .map(({ at, ...change }): Input => ({ kind: 'frame', frame: frame({ ...change, at: T0 + at }) })),
    fc.constant<Input>({ kind: 'link', link: { kind: 'lost' } }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let state = after(answer({ position: 50 }))
      for (const input of steps) {
        const next = reduce(state, input)
        assert.ok(placeOf(next) <= placeOf(state) && placeOf(next) >= 1)
        assert.ok(progress(next.phase) >= progress(state.phase))
        state = next
      }
    }),
  )
})

test('a new ticket starts anew; what is older than what is known changes nothing', () => {
  const waited = after(answer({ position: 3 }))
  assert.equal(placeOf(reduce(waited, answer({ ticket: 40, position: 9 }))), 9)
  const old: Input = { kind: 'frame', frame: frame({ serving: 19, at: T0 - 1 }) }
  const newer = reduce(waited, { kind: 'frame', frame: frame({ at: T0 }) })
  assert.equal(reduce(newer, old), newer)
  const cleared = reduce(newer, { kind: 'cleared', epoch: 2, action: 'rejoin' })
  assert.deepEqual(cleared.phase, { kind: 'over', why: 'cleared' })
  assert.equal(reduce(cleared, { kind: 'frame', frame: frame({ at: T0 + 5 }) }), cleared)
  assert.equal(reduce(cleared, answer({ position: 1 })), cleared, 'an answer of before the clearing')
  assert.equal(placeOf(reduce(cleared, answer({ epoch: 2, ticket: 1, position: 4 }))), 4)
  const elsewhere: Input = { kind: 'frame', frame: frame({ event: '2', at: T0 + 9 }) }
  assert.equal(reduce(newer, elsewhere), newer)
})

test('every state of the line has its phase, and the server says when things end', () => {
  const until = iso(T0 + 60_000)
  const kinds: Partial<Record<VisitAnswer['state'], string>> = {}
  for (const state of [
    'registered',
    'waiting',
    'parked',
    'ready',
    'admitted',
    'left',
    'done',
    'expired',
    'none',
  ] as const)
    kinds[state] = after(answer({ state, until, hardEnd: until })).phase.kind
  assert.deepEqual(kinds, {
    registered: 'registered',
    waiting: 'waiting',
    parked: 'waiting',
    ready: 'called',
    admitted: 'inside',
    left: 'left',
    done: 'over',
    expired: 'over',
    none: 'over',
  })
  const called = after(answer(), { kind: 'called', claimBy: T0 + 5 })
  assert.deepEqual(called.phase, { kind: 'called', claimBy: T0 + 5 })
  const inside = reduce(called, answer({ state: 'admitted', until, hardEnd: iso(T0 + 90_000) }))
  assert.equal(reduce(inside, { kind: 'called', claimBy: T0 }), inside, 'a call that is repeated')
  const left = after(answer(), answer({ state: 'left', until }))
  assert.deepEqual(reduce(left, { kind: 'undo-over' }).phase, { kind: 'over', why: 'left' })
  assert.deepEqual(after(answer(), answer({ state: 'none', epoch: 1 })).phase, {
    kind: 'over',
    why: 'cleared',
  })
  assert.deepEqual(reduce(inside, answer({ state: 'none' })).phase, { kind: 'over', why: 'expired' })
})

test('a failed request takes no place away; without a place it is told, with the moment of the next try', () => {
  const refused: Input = { kind: 'refused', code: 'full', retryAfterMs: 30_000, at: T0 }
  const waiting = after(answer())
  assert.equal(reduce(waiting, refused), waiting)
  assert.deepEqual(after(refused).phase, { kind: 'refused', code: 'full', retryAt: T0 + 30_000 })
})

test("times are by the server's clock, however wrong this one is", () => {
  const state = after({ kind: 'answer', visit: visit(), at: T0, serverAt: T0 + 7_000 })
  assert.equal(serverNow(state, T0 + 1_000), T0 + 8_000)
  const nearly = reduce(state, { kind: 'answer', visit: visit(), at: T0, serverAt: T0 + 7_600 })
  assert.equal(nearly.skewMs, 7_000, 'an answer tells the second only')
})

test('how long an answer was on its way is no difference of the clocks', () => {
  const skewAfter = (state: PageState, serverAt: number, asked: { sentAt?: number } = {}): number =>
    reduce(state, { kind: 'answer', visit: visit(), ...asked, at: T0 + 9_000, serverAt }).skewMs
  const asked = { sentAt: T0 }
  for (const skewMs of [0, -70_000]) {
    const state = { ...initial('1'), skewMs }
    const said = (ms: number): number => T0 + skewMs + ms
    for (const ms of [-900, 0, 4_000, 9_000, 9_900])
      assert.equal(skewAfter(state, said(ms), asked), skewMs, `answered after ${ms} ms`)
    assert.equal(skewAfter(state, said(-3_000), asked), skewMs - 3_000, 'before it was asked')
    assert.equal(skewAfter(state, said(12_000), asked), skewMs + 3_000, 'after it has come')
    assert.equal(skewAfter(state, said(-60_000)), skewMs, 'a message of any age')
    assert.equal(skewAfter(state, said(12_000)), skewMs + 3_000, 'a message from later than now')
  }
})

test('the progress goes on over a refresh, and is not taken for another ticket', () => {
  const before = after(answer({ position: 9 }), answer({ position: 4 }))
  const kept = toKeep(before)
  assert.ok(kept)
  const again = reduce(initial('1', kept), answer({ position: 4 }))
  assert.equal(progress(again.phase), progress(before.phase))
  assert.equal(progress(reduce(initial('1', kept), answer({ ticket: 99, position: 4 })).phase), 20)
  assert.equal(progress(reduce(initial('2', kept), answer({ position: 4 })).phase), 20)
})

test('the wait is a range, shrinks with the people ahead, and is unknown rather than invented', () => {
  const words = WORDS.en
  const state = after(answer())
  assert.deepEqual(etaNow(state.phase, state.line), { p50: 600, p90: 1200 })
  assert.equal(etaText(etaNow(state.phase, state.line), words, 'en'), '10 min to 20 min')
  const half = reduce(state, { kind: 'frame', frame: frame({ serving: 15, at: T0 + 1 }) })
  assert.deepEqual(etaNow(half.phase, half.line), { p50: 300, p90: 600 })
  const paused = reduce(state, {
    kind: 'frame',
    frame: frame({ mode: 'paused', limitedBy: 'paused', at: T0 + 1 }),
  })
  assert.equal(etaNow(paused.phase, paused.line), undefined)
  assert.equal(etaText(undefined, words, 'en'), 'Not known yet')
  assert.equal(etaText({ p50: 60, p90: 60 }, words, 'en'), 'Less than a minute')
  assert.equal(etaText({ p50: 60, p90: 120 }, WORDS.ko, 'ko'), '1분~2분')
  assert.equal(etaText({ p50: 9_000, p90: 9_000 }, words, 'en'), 'About 2.5 h')
  assert.deepEqual([countdown(65), countdown(3_661), countdown(-1)], ['1:05', '1:01:01', '0:00'])
  assert.deepEqual([spell(9.2, words, 'en'), spell(119, words, 'en')], ['10 s', '2 min'])
})

test('a voice says a change at once, the place in steps, and otherwise at most every 30 s', () => {
  const say = (last: Parameters<typeof speak>[0], state: PageState, ms: number) =>
    speak(last, state, WORDS.en, 'en', T0 + ms)
  const at = (position: number): PageState => after(answer({ position }))
  const first = say(undefined, at(40), 0)
  assert.match(first.text, /^Place 40\. Estimated wait: /)
  assert.equal(say(first, at(39), 1_000), first)
  assert.equal(say(first, at(30), SPEAK_EVERY_MS - 1), first)
  assert.match(say(first, at(30), SPEAK_EVERY_MS).text, /^Place 30\./)
  assert.match(say(first, at(25), 1_000).text, /^Place 25\./, 'a step')
  assert.equal(say(first, at(40), 10 * SPEAK_EVERY_MS), first, 'nothing new is not said again')
  const lost = reduce(at(40), { kind: 'link', link: { kind: 'lost' } })
  assert.match(say(first, lost, 1).text, /^No connection\. Your place is kept/)
  assert.match(say(first, after(answer({ position: 40, mode: 'paused' })), 1).text, /paused the door/)
  assert.match(say(first, at(1), 1).text, /You are next/)
})

test('what was let in lately is a difference of two totals, within the last minute', () => {
  let samples = withSample([], { departed: 100 }, T0)
  assert.equal(letInLately(samples), undefined)
  for (let i = 1; i <= 60; i++) samples = withSample(samples, { departed: 100 + i }, T0 + i * 2_000)
  assert.deepEqual(letInLately(samples), { count: 30, seconds: 60 })
  assert.ok(samples.length <= 32)
  assert.equal(withSample(samples, { departed: 3 }, T0 + 200_000).length, 1, 'another service, another total')
})
