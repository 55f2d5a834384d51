/** What `weir status` tells a person beyond its numbers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusText } from '../../src/cli/look.ts'

const status = (unrouted: number) => ({
  queue: 'q',
  depth: { ready: 0, inFlight: 0, delayed: 0, dead: 0 },
  consumers: 0,
  inPerSecond: 0,
  outPerSecond: 0,
  types: {},
  unrouted,
})

test('messages of unknown types are named with the queue they lie in', () => {
  assert.doesNotMatch(statusText(status(0)), /unknown/)
  assert.match(statusText(status(1)), /\n\n1 message of an unknown type lies in the queue q\.unrouted$/)
  assert.match(statusText(status(1200)), /\n\n1,200 messages of unknown types lie in the queue q\.unrouted$/)
})
