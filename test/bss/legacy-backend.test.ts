/** The simulated legacy back end keeps the figures of CONTRACT section 3, and breaks as a real one does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LegacyAnswer, SERVICES, type Service, SimulatedLegacyBackend } from '../../src/bss/index.ts'
import { legacyPlan } from '../../src/bss/legacy-backend.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'

const SEED = 1
const DRAWS = 20_000
/** Five standard deviations of a share of one half over 20,000 draws are 0.018. */
const TOLERANCE = 0.018
const never = () => new AbortController().signal

function backend(capacity: number, speed = 1) {
  const clock = new FakeClock()
  return { clock, legacy: new SimulatedLegacyBackend({ seed: SEED, speed, capacity }, clock) }
}

/** The shares of the contract, written out again so that a change of the table is noticed. */
const CONTRACT: Record<Service, { from: number; to: number; shares: Record<string, number> }> = {
  subscription: { from: 100, to: 2000, shares: { 신규가입: 0.8, 재가입: 0.15, 가입실패: 0.05 } },
  mnp: { from: 1000, to: 5000, shares: { 이동완료: 0.6, 이동대기: 0.25, 이동취소: 0.1, 이동실패: 0.05 } },
  change: { from: 500, to: 3000, shares: { 개인전환: 0.4, 법인전환: 0.25, 가족간이동: 0.25, 변경실패: 0.1 } },
  termination: {
    from: 1000,
    to: 4000,
    shares: { 일반해지: 0.5, 즉시해지: 0.25, 번호보존해지: 0.15, 해지실패: 0.1 },
  },
}

for (const service of Object.keys(SERVICES) as Service[]) {
  test(`${service}: outcomes and service times are distributed as the contract says (seed ${SEED})`, () => {
    const { from, to, shares } = CONTRACT[service]
    const seen = new Map<string, number>()
    let total = 0
    let least = Number.POSITIVE_INFINITY
    let most = 0
    for (let i = 0; i < DRAWS; i++) {
      const { outcome, serviceMs } = legacyPlan(service, `message-${i}`, SEED)
      seen.set(outcome.name, (seen.get(outcome.name) ?? 0) + 1)
      total += serviceMs
      least = Math.min(least, serviceMs)
      most = Math.max(most, serviceMs)
    }
    assert.deepEqual([...seen.keys()].sort(), Object.keys(shares).sort())
    for (const [name, share] of Object.entries(shares)) {
      const measured = (seen.get(name) ?? 0) / DRAWS
      assert.ok(Math.abs(measured - share) < TOLERANCE, `${name}: ${measured}, not ${share}`)
    }
    const width = to - from
    assert.ok(least >= from && least < from + 0.01 * width, `shortest ${least}`)
    assert.ok(most < to && most > to - 0.01 * width, `longest ${most}`)
    assert.ok(Math.abs(total / DRAWS - (from + to) / 2) < 0.02 * width, `mean ${total / DRAWS}`)
  })
}

test('another seed gives other answers, the same seed the same', () => {
  const plans = (seed: number) =>
    Array.from({ length: 50 }, (_, i) => legacyPlan('mnp', `id-${i}`, seed).serviceMs)
  assert.deepEqual(plans(7), plans(7))
  assert.notDeepEqual(plans(7), plans(8))
})

test('a call takes its service time times the speed factor', async () => {
  const { clock, legacy } = backend(10, 0.5)
  const { serviceMs, outcome } = legacyPlan('mnp', 'a', SEED)
  let answer: LegacyAnswer | undefined
  const call = legacy.call('mnp', 'a', {}, never()).then((got) => {
    answer = got
  })
  await clock.advance(serviceMs * 0.5 - 1)
  assert.equal(answer, undefined)
  await clock.advance(1)
  await call
  assert.deepEqual(answer, { kind: 'answered', outcome })
})

test('at speed 0 it answers without a timer', async () => {
  const { clock, legacy } = backend(10, 0)
  const answer = await legacy.call('subscription', 'a', {}, never())
  assert.equal(answer.kind, 'answered')
  assert.equal(clock.pending, 0)
})

test('it is idempotent by message id: a repeated call is answered from memory (Q7)', async () => {
  const { legacy } = backend(10, 0)
  const first = await legacy.call('change', 'a', {}, never())
  const second = await legacy.call('change', 'a', {}, never())
  assert.deepEqual(second, first)
  assert.equal(legacy.load.performed, 1)
  assert.equal(legacy.load.repeated, 1)
})

test('within its capacity it refuses nobody and slows for nobody', async () => {
  const { clock, legacy } = backend(50)
  const calls = Array.from({ length: 50 }, (_, i) => legacy.call('mnp', `id-${i}`, {}, never()))
  assert.equal(legacy.load.running, 50)
  await clock.advance(5_000)
  for (const answer of await Promise.all(calls)) assert.equal(answer.kind, 'answered')
  assert.equal(legacy.load.running, 0)
  assert.equal(legacy.load.peakRunning, 50)
})

test('beyond its capacity it slows down, answers 429, hangs, and past twice of it answers 503', async () => {
  const { clock, legacy } = backend(100)
  const answers: { i: number; answer: LegacyAnswer; at: number }[] = []
  const start = clock.now()
  for (let i = 0; i < 600; i++) {
    void legacy
      .call('mnp', `id-${i}`, {}, never())
      .then((answer) => answers.push({ i, answer, at: clock.now() - start }))
  }
  await clock.advance(200_000)
  assert.equal(answers.length, 600)
  const { refused429, refused503, timeouts, peakRunning, performed, running } = legacy.load
  assert.ok(refused429 > 0 && refused503 > 0 && timeouts > 0, JSON.stringify(legacy.load))
  assert.ok(peakRunning > 100 && peakRunning <= 200, `peak ${peakRunning}`)
  assert.equal(running, 0)
  assert.equal(performed + refused429 + refused503 + timeouts, 600)
  for (const { answer } of answers) {
    if (answer.kind === 'refused') assert.ok(answer.retryAfterMs > 0)
  }
  const slower = answers.filter(({ i, answer, at }) => {
    return answer.kind === 'answered' && at > legacyPlan('mnp', `id-${i}`, SEED).serviceMs * 1.5
  })
  assert.ok(slower.length > 10, `${slower.length} calls were slower`)
})

test('a caller that gives up gets its time-out at once, and its place is free again', async () => {
  const { clock, legacy } = backend(10)
  const giveUp = new AbortController()
  const call = legacy.call('mnp', 'a', {}, giveUp.signal)
  giveUp.abort()
  assert.deepEqual(await call, { kind: 'timeout' })
  assert.equal(legacy.load.running, 0)
  assert.equal(clock.pending, 0)
})
