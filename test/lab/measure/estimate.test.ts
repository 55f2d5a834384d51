/** Estimates: known answers, and intervals that hold the truth as often as they say. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seeded } from '../../../src/lab/chance.ts'
import { meanOf, pairedChange, slopeOf, studentT95 } from '../../../src/lab/measure/estimate.ts'

/** Normal, by the polar coordinates of two uniform draws (G. Box, M. Muller, 1958). */
function normal(seed: number) {
  const random = seeded(seed, 'estimates')
  return () => Math.sqrt(-2 * Math.log1p(-random())) * Math.cos(2 * Math.PI * random())
}

/** How often, in a thousand experiments, `holds` is true. */
const shareOf = (holds: (draw: () => number) => boolean) => {
  const draw = normal(11)
  return Array.from({ length: 1_000 }, () => holds(draw)).filter(Boolean).length / 1_000
}

describe('the mean', () => {
  test('of a known sample', () => {
    const found = meanOf([1, 2, 3, 4, 5])
    assert.equal(found?.value, 3)
    assert.ok(Math.abs((found?.high ?? 0) - 4.963) < 0.001, 'by a table: 3 ± 2.776 × √0.5')
  })

  test('its interval holds the truth about 95 times in 100', () => {
    const share = shareOf((draw) => {
      const found = meanOf(Array.from({ length: 6 }, () => 10 + 3 * draw()))
      return found !== null && found.low <= 10 && 10 <= found.high
    })
    assert.ok(share > 0.93 && share < 0.97, `${share}`)
  })

  test('of one value is none, and t is never smaller than for more', () => {
    assert.equal(meanOf([1]), null)
    for (let freedom = 1; freedom < 200; freedom++) {
      assert.ok(studentT95(freedom) >= studentT95(freedom + 1))
    }
  })
})

describe('paired change', () => {
  test('a drift that is much larger than the effect falls on both sides and cancels', () => {
    const share = shareOf((draw) => {
      const pairs = Array.from({ length: 12 }, (_, pair) => {
        const machine = 100 * Math.exp(0.2 * pair)
        return [machine * 1.05 * Math.exp(0.01 * draw()), machine * Math.exp(0.01 * draw())] as const
      })
      const found = pairedChange(pairs)
      return found !== null && found.low <= 0.05 && 0.05 <= found.high && found.high - found.low < 0.05
    })
    assert.ok(share > 0.93, `${share}`)
  })

  test('few and noisy pairs have a wide interval', () => {
    const found = pairedChange([
      [100, 80],
      [80, 100],
      [105, 100],
    ])
    assert.ok(found && found.low < -0.2 && found.high > 0.2)
  })

  test('what is not above zero cannot be a share of anything', () => {
    assert.equal(
      pairedChange([
        [1, 0],
        [1, 1],
      ]),
      null,
    )
  })
})

describe('the slope', () => {
  test('of a line is the line’s', () => {
    const found = slopeOf(Array.from({ length: 100 }, (_, x) => [x, 7 + 0.25 * x] as const))
    assert.ok(found && Math.abs(found.value - 0.25) < 1e-9 && found.high - found.low < 1e-6)
  })

  test('its interval holds the truth also where neighbours are alike', () => {
    const share = shareOf((draw) => {
      let noise = 0
      const points = Array.from({ length: 400 }, (_, x) => {
        noise = 0.8 * noise + draw()
        return [x, 0.01 * x + noise] as const
      })
      const found = slopeOf(points)
      return found !== null && found.low <= 0.01 && 0.01 <= found.high
    })
    assert.ok(share > 0.92, `${share}`)
  })

  test('of points at one moment, or of two, there is none', () => {
    assert.equal(slopeOf([]), null)
    assert.equal(
      slopeOf([
        [1, 1],
        [1, 2],
        [1, 3],
      ]),
      null,
    )
    assert.equal(
      slopeOf([
        [1, 1],
        [2, 2],
      ]),
      null,
    )
  })
})
