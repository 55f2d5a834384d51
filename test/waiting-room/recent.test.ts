/** What was used lately is kept, and never more than the bound. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Recent } from '../../src/waiting-room/recent.ts'

test('whatever comes, no more than the bound is kept, and what is used stays', () => {
  const recent = new Recent<number>(100)
  recent.set('used', -1)
  for (let i = 0; i < 10_000; i++) {
    recent.set(`n${i}`, i)
    if (i % 20 === 0) assert.equal(recent.get('used'), -1, `after ${i}`)
    assert.ok(recent.size <= 100, `${recent.size} are kept`)
    if (i >= 20) assert.equal(recent.get(`n${i - 20}`), i - 20)
  }
  assert.equal(recent.get('n0'), undefined)
  assert.equal(recent.get('n9999'), 9_999)
  recent.set('n9999', 7)
  assert.equal(recent.get('n9999'), 7)
})

test('the smallest bound keeps the last one', () => {
  const recent = new Recent<string>(1)
  for (const key of ['a', 'b', 'c']) recent.set(key, key)
  assert.equal(recent.get('c'), 'c')
  assert.equal(recent.get('a'), undefined)
})
