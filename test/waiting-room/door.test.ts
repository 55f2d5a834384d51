/** The door: cap, rate of a rolling minute, modes, and when the next admission is due. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AdmissionWindow,
  admittedIn,
  DEFAULT_DOOR,
  DOOR_MODES,
  doorFaults,
  nextAdmissionAt,
  places,
  rateFreeAt,
  withAdmitted,
} from '../../src/waiting-room/index.ts'
import { chances, fc } from '../fixtures/seed.ts'

const START = 1_700_000_000_123
const open = { mode: 'open', cap: 10, ratePerMinute: 0 } as const

test('L3: the cap counts, and nothing is free at it or above it', () => {
  assert.deepEqual(places(open, 4, 0, 3), { free: 6, limitedBy: 'cap' })
  assert.deepEqual(places(open, 10, 0, 3), { free: 0, limitedBy: 'cap' })
  assert.deepEqual(places(open, 12, 0, 3), { free: 0, limitedBy: 'cap' }, 'the cap was lowered')
  assert.deepEqual(places(open, 4, 9_999, 0), { free: 6, limitedBy: 'none' })
  assert.deepEqual(places(open, 10, 0, 0), { free: 0, limitedBy: 'cap' }, 'the next one would have to wait')
})

test('of cap and rate the smaller wins, and the answer says which', () => {
  const both = { ...open, ratePerMinute: 5 }
  assert.deepEqual(places(both, 7, 0, 9), { free: 3, limitedBy: 'cap' })
  assert.deepEqual(places(both, 0, 3, 9), { free: 2, limitedBy: 'rate' })
  assert.deepEqual(places(both, 0, 5, 0), { free: 0, limitedBy: 'rate' })
  assert.deepEqual(places({ ...both, cap: 0 }, 0, 0, 9), { free: 0, limitedBy: 'cap' })
})

test('paused, before the opening and closed let nobody in and say so; draining lets in', () => {
  for (const mode of DOOR_MODES) {
    const { free, limitedBy } = places({ ...open, mode }, 0, 0, 5)
    const lets = mode === 'open' || mode === 'draining'
    assert.deepEqual([free, limitedBy], lets ? [10, 'cap'] : [0, mode])
  }
})

test('no 60 seconds, wherever they begin, ever hold more than the rate', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 1, max: 30 })), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 50 }), (asked, ratePerMinute) => {
      let now = START
      let window: AdmissionWindow = []
      const letIn: [at: number, n: number][] = []
      for (const [ms, wanted] of asked) {
        now += ms
        const { free } = places({ ...open, cap: 1e6, ratePerMinute }, 0, admittedIn(window, now), 1)
        const admitted = Math.min(free, wanted)
        window = withAdmitted(window, now, admitted)
        letIn.push([now, admitted])
        assert.ok(window.length <= 61)
      }
      for (const [from] of letIn) {
        const inside = letIn.filter(([at]) => at >= from && at < from + 60_000)
        assert.ok(inside.reduce((sum, [, n]) => sum + n, 0) <= ratePerMinute)
      }
    }),
    chances(300),
  )
})

test('the rate gives room again 60 to 61 seconds after an admission', () => {
  const window = withAdmitted([], START, 5)
  const freeAt = rateFreeAt(window, START) ?? 0
  assert.ok(freeAt >= START + 60_000 && freeAt <= START + 61_000, `${freeAt - START}`)
  assert.equal(admittedIn(window, freeAt - 1), 5)
  assert.equal(admittedIn(window, freeAt), 0)
  assert.equal(rateFreeAt([], START), undefined)
  assert.equal(rateFreeAt(window, freeAt), undefined)
})

test('an admission that hit its bound goes on at once; a freed place only with ADMIT_EARLY', () => {
  const late = { intervalMs: 10_000, admitEarly: false }
  const early = { intervalMs: 10_000, admitEarly: true }
  const last = { at: START, more: false }
  assert.equal(nextAdmissionAt(late, last, false, START + 100), START + 10_000)
  assert.equal(nextAdmissionAt(late, last, true, START + 100), START + 10_000)
  assert.equal(nextAdmissionAt(early, last, true, START + 100), START + 100)
  assert.equal(nextAdmissionAt(late, { ...last, more: true }, false, START + 100), START + 100)
  assert.equal(nextAdmissionAt(late, last, false, START + 60_000), START + 60_000, 'never in the past')
})

test('a setting out of range is named with what it may be', () => {
  assert.deepEqual(doorFaults(DEFAULT_DOOR), [])
  const bad = { ...DEFAULT_DOOR, cap: -1, ratePerMinute: 1.5, opensAt: Number.NaN, mode: 'ajar' as 'open' }
  assert.deepEqual(
    doorFaults(bad).map(({ field }) => field),
    ['mode', 'opensAt', 'cap', 'ratePerMinute'],
  )
  const short = { ...DEFAULT_DOOR, hardMs: DEFAULT_DOOR.leaseMs - 1 }
  assert.deepEqual(doorFaults(short), [{ field: 'hardMs', problem: 'must not be shorter than leaseMs' }])
})
