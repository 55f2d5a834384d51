/** The scaler under whole curves of arrivals: it follows, it does not flap, it stays below its caps. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { type CurveName, make, RECIPES, read } from './curves.ts'
import { GUIDE, guide, outcome, RULES, SCENARIOS, type ScenarioName } from './scenarios.ts'
import { turns } from './simulation.ts'

const SECOND = 1_000
const names = Object.keys(SCENARIOS) as ScenarioName[]
/** Times that the load of each curve itself turns, the noise of its arrivals left aside. */
const TURNS: Record<CurveName, number> = { burst: 3, ramp: 1, daily: 3 }

describe('the curves', () => {
  for (const name of Object.keys(RECIPES) as CurveName[]) {
    test(`${name} is what its formula and seed give`, () => {
      assert.deepEqual(read(name), make(RECIPES[name]))
    })
  }
})

describe('every load', () => {
  for (const name of names) {
    test(`${name}: no turn that the load did not take`, () => {
      const { turns: count, wanted } = outcome(name, 'scaler')
      assert.ok(wanted.length > 4, 'nothing was scaled')
      assert.ok(count <= TURNS[SCENARIOS[name].curve], `${count} turns`)
    })

    test(`${name}: never below the fewest, never above the most or the cap`, () => {
      const { wanted, mostWorkers, cap } = outcome(name, 'scaler')
      for (const { wanted: count, second } of wanted) {
        assert.ok(
          count >= RULES.min && count <= Math.min(RULES.max, cap ?? RULES.max),
          `${count} at ${second} s`,
        )
      }
      assert.ok(mostWorkers <= RULES.max)
    })

    test(`${name}: everything goes out, for fewer worker-seconds than the most workers all the time`, () => {
      const scaled = outcome(name, 'scaler')
      const most = outcome(name, 10)
      assert.equal(scaled.left, 0)
      assert.equal(scaled.messages, most.messages)
      assert.ok(
        scaled.workerSeconds < most.workerSeconds * 0.6,
        `${scaled.workerSeconds} of ${most.workerSeconds}`,
      )
    })
  }
})

test('a burst that the workers can clear waits no longer than the target', () => {
  const first = outcome('burst', 'scaler').mostWaitBetweenMs(0, 2_000)
  console.log(
    `longest wait in the burst of 60/s: ${first / SECOND} s, target ${RULES.targetDrainMs / SECOND} s`,
  )
  assert.ok(first > 0 && first <= RULES.targetDrainMs, `${first} ms`)
})

test('in a burst beyond the most workers, and under a pace, the wait is theirs and the way up', () => {
  // 1 → 2 → 4 → 8 → 10 takes four starts; what could have gone out meanwhile is waited for at the end.
  const wayUpMs = 4 * SCENARIOS.burst.startMs
  for (const name of ['burst', 'paced'] as const) {
    const scaled = outcome(name, 'scaler').mostWaitMs
    const most = outcome(name, 10).mostWaitMs
    console.log(
      `${name}: longest wait ${scaled / SECOND} s, with ten workers all the time ${most / SECOND} s`,
    )
    assert.ok(most > RULES.targetDrainMs, 'the case is not beyond the cap')
    assert.ok(scaled <= most + wayUpMs, `${scaled} of ${most}`)
  }
})

test('loads that grow slowly hardly wait at all', () => {
  for (const name of ['ramp', 'daily'] as const) {
    const { meanWaitMs, mostWaitMs } = outcome(name, 'scaler')
    assert.ok(meanWaitMs < 100 && mostWaitMs < 5 * SECOND, `${name}: ${meanWaitMs} ms, ${mostWaitMs} ms`)
  }
})

test('a pace of 36 a second needs five workers, and gets no sixth', () => {
  const { wanted, mostWorkers } = outcome('paced', 'scaler')
  assert.equal(Math.max(...wanted.map((of) => of.wanted)), 5)
  assert.equal(mostWorkers, 5)
  assert.ok(wanted.some(({ reason }) => reason === 'at_backend_cap'))
})

test('CPU alone leaves work that waits for its back end to one worker', () => {
  for (const name of ['burst', 'ramp', 'daily'] as const) {
    const { left, mostWorkers } = outcome(name, 'cpu')
    assert.equal(mostWorkers, 1)
    assert.ok(left > 1_000, `${left} left`)
  }
})

test('turns are counted', () => {
  assert.equal(turns([1, 2, 4, 4, 3, 2]), 1)
  assert.equal(turns([1, 2, 1, 2, 1]), 3)
  assert.equal(turns([5, 5, 5]), 0)
})

test('the guide shows the figures of this simulation', () => {
  const text = readFileSync(GUIDE, 'utf8')
  assert.equal(text, guide(text), 'run: node bin/run.mjs test/consumer/scaler/scenarios.ts --write')
})
