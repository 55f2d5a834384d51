import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServiceTime } from '../../src/consumer/service-time.ts'

const NOW = 1_700_000_000_000

test('sum ÷ number, not an average of averages', () => {
  const time = new ServiceTime()
  assert.equal(time.meanMs(NOW), undefined)
  for (let i = 0; i < 99; i++) time.add(10, NOW)
  time.add(1_010, NOW + 20_000)
  assert.equal(time.meanMs(NOW + 20_000), 20)
})

test('what is older than a minute leaves altogether', () => {
  const time = new ServiceTime()
  for (let i = 0; i < 1_000; i++) time.add(5_000, NOW)
  time.add(10, NOW + 50_000)
  assert.ok((time.meanMs(NOW + 50_000) ?? 0) > 4_900)
  assert.equal(time.meanMs(NOW + 65_000), 10)
})

test('after a quiet minute the last mean stands', () => {
  const time = new ServiceTime()
  time.add(200, NOW)
  time.add(400, NOW + 1)
  assert.equal(time.meanMs(NOW + 3_600_000), 300)
  time.add(50, NOW + 3_600_000)
  assert.equal(time.meanMs(NOW + 3_600_000), 50)
})

test('a clock that stands still, or steps back within a stretch, is no fault', () => {
  const time = new ServiceTime()
  time.add(100, NOW + 5_000)
  time.add(300, NOW)
  assert.equal(time.meanMs(NOW + 5_000), 200)
})
