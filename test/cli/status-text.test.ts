/** What `weir status` tells a person beyond its numbers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusText } from '../../src/cli/look.ts'

const depth = { ready: 0, inFlight: 0, delayed: 0, dead: 0 }
const member = { id: 'a', host: 'h', pid: 1, types: [], running: 0, draining: false, startedAt: 'then' }
const scaling = { wanted: 4, ready: 2, starting: 2, draining: 0, reason: 'warming' }
const type = { ...depth, inPerSecond: 0, outPerSecond: 0, scaling }

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

test('types with messages and no consumer are named', () => {
  const types = { MNP: { ...type, ready: 1200, consumers: 0 }, CHANGE: { ...type, ready: 1, consumers: 0 } }
  const text = statusText({ ...status(0), types, unserved: ['MNP', 'CHANGE'] })
  assert.match(text, /\n\nMNP: 1,200 messages wait, and no consumer is there\nCHANGE: 1 message waits, and/)
  assert.doesNotMatch(statusText({ ...status(0), types, unserved: [] }), /no consumer/)
})

test('how many are ready and wanted is shown where processes are counted, not for the slots of one', () => {
  const shown = (role: 'all' | 'gateway') =>
    statusText({ ...status(0), types: { MNP: type }, members: [{ ...member, role }] })
  assert.match(shown('gateway'), /ready\/wanted {2}because\n/)
  assert.match(shown('gateway'), /2\/4 {11}warming\n/)
  assert.doesNotMatch(shown('all'), /wanted|warming/)
})
