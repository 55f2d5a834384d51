/** A window of scaling down that is set otherwise: both its length and the steps keep their share. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decide, type ScalingMemory } from '../../../src/consumer/index.ts'
import { look, NOW } from './look.ts'

/** Five workers, of which one is needed; a window of 20 s, and so a step every second. */
const five = (memory: Partial<ScalingMemory>) =>
  decide(
    look({
      rules: { windowMs: 20_000 },
      signals: { arrivalFast: 8 },
      workers: { ready: 5 },
      memory: { wanted: 5, needs: [], loweredAt: Number.NEGATIVE_INFINITY, ...memory },
    }),
  )

describe('a window of 20 s', () => {
  test('a need within it keeps the workers', () => {
    const { wanted, reason } = five({ needs: [{ from: NOW - 20_000, need: 4.4 }] })
    assert.deepEqual([wanted, reason], [5, 'stabilising'])
  })

  test('a need before it does not', () => {
    const { wanted, reason } = five({ needs: [{ from: NOW - 21_000, need: 4.4 }] })
    assert.deepEqual([wanted, reason], [4, 'arrival_rate'])
  })

  test('one step every twentieth of it', () => {
    assert.deepEqual([five({ loweredAt: NOW - 999 }).wanted, five({ loweredAt: NOW - 1_000 }).wanted], [5, 4])
  })

  test('what is remembered of it does not follow the frequency of looks', () => {
    let memory: ScalingMemory = { wanted: 5, needs: [], loweredAt: Number.NEGATIVE_INFINITY }
    for (let now = NOW; now < NOW + 60_000; now += 10) {
      const input = look({ rules: { windowMs: 20_000 }, workers: { ready: 5 }, memory, now })
      memory = decide(input).memory
    }
    assert.ok(memory.needs.length <= 62, `${memory.needs.length} entries`)
  })
})
