/** How messages lie in the broker: what goes in comes out, and what others put in is understood or refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Message as AmqpMessage } from 'amqplib'
import { bodyOf, type Copy, decode, envelopeOf, redeliveries } from '../../../src/engines/rabbitmq/wire.ts'

const LONG_ERROR = 'e'.repeat(2_000)
const longHistory = Array.from({ length: 50 }, (_, i) => ({
  attempt: i + 1,
  takenAt: i,
  endedAt: i + 1,
  outcome: 'retry' as const,
  error: LONG_ERROR,
}))

const NOW = 1_700_000_000_000

function raw(content: Buffer | string, properties: object = {}, fields: object = {}): AmqpMessage {
  return {
    content: Buffer.from(content),
    properties: { headers: {}, ...properties },
    fields: { deliveryTag: 1, redelivered: false, exchange: 'q', routingKey: 'MNP', ...fields },
  } as AmqpMessage
}

const COPY: Copy = {
  message: {
    id: 'm1',
    type: 'MNP',
    content: '번호이동 "quoted" \u0000 🎟️',
    attributes: { nested: [1, null, 'ㄱ'] },
    createdAt: 1_700_000_000_123,
  },
  priority: 7,
  orderingKey: 'line-1',
  acceptedAt: 1_700_000_000_456,
  dueAt: 1_700_000_001_000,
  expiresAt: 1_700_000_002_000,
  round: 3,
  attempts: 5,
  failures: 2,
  history: [{ attempt: 5, takenAt: 1, endedAt: 2, outcome: 'retry', error: 'later' }],
  error: 'malformed',
  diedAt: 1_700_000_003_000,
}

function understood(message: AmqpMessage): Copy {
  const decoded = decode(message, NOW)
  assert.equal(decoded.kind, 'copy')
  return decoded.kind === 'copy' ? decoded.copy : assert.fail()
}

describe('the wire', () => {
  test('a copy comes out as it went in, and its body is sent on unchanged', () => {
    const { headers, ...properties } = envelopeOf(COPY)
    const kept = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
    const body = bodyOf(COPY.message)
    const decoded = decode(raw(body, { ...properties, headers: kept }), NOW)
    assert.deepEqual(decoded, { kind: 'copy', copy: COPY, body, foreign: false })
    assert.deepEqual(
      [properties.messageId, properties.contentType, properties.deliveryMode, properties.timestamp],
      ['m1', 'application/json', 2, 1_700_000_000],
    )
    assert.equal(headers.created_at, '2023-11-14T22:13:20.123Z')
  })

  test('headers hold the newest twenty attempts, their errors clipped: they must fit into one frame', () => {
    const { headers } = envelopeOf({ ...COPY, history: longHistory })
    const kept = JSON.parse(String(headers.weir_history)) as { attempt: number; error: string }[]
    assert.deepEqual(
      kept.map(({ attempt }) => attempt),
      Array.from({ length: 20 }, (_, i) => i + 31),
    )
    assert.ok(kept.every(({ error }) => error.length === 200))
  })

  describe('of others', () => {
    test('a JSON message with properties', () => {
      const body = '{"content":"a","attributes":{"phone":"010"}}'
      const headers = { message_type: 'CHANGE', created_at: '2023-11-14T22:13:20.123Z' }
      const copy = understood(raw(body, { messageId: 'x', headers, priority: 9 }, { routingKey: 'MNP' }))
      assert.deepEqual(copy.message, {
        id: 'x',
        type: 'CHANGE',
        content: 'a',
        attributes: { phone: '010' },
        createdAt: 1_700_000_000_123,
      })
      assert.deepEqual([copy.priority, copy.acceptedAt, copy.round, copy.failures], [9, NOW, 0, 0])
    })

    test('a message that says everything in its body', () => {
      const copy = understood(raw('{"id":"x","type":"TERMINATION","content":"c","createdAt":1700000000123}'))
      const { id, type, content, createdAt } = copy.message
      assert.deepEqual([id, type, content, createdAt], ['x', 'TERMINATION', 'c', 1_700_000_000_123])
    })

    test('a type that only the routing key tells, and a body of another shape as the content', () => {
      const body = '{"phone":"010","plan":5}'
      const { message } = understood(raw(body, { messageId: 'x' }, { routingKey: 'CHANGE' }))
      assert.deepEqual([message.type, message.content, message.attributes], ['CHANGE', body, undefined])
    })

    test('the timestamp property is when it was made and accepted', () => {
      const copy = understood(raw('{"content":"a"}', { messageId: 'x', timestamp: 1_600_000_000 }))
      assert.deepEqual([copy.message.createdAt, copy.acceptedAt], [1_600_000_000_000, 1_600_000_000_000])
    })

    test('headers and properties of any shape are not believed', () => {
      const headers = {
        weir_round: 'three',
        weir_history: '{"not":"a list"}',
        weir_failures: Number.NaN,
        weir_ordering_key: 5,
        message_type: { '!': 'timestamp', value: 1 },
      }
      const copy = understood(raw('{"id":"x","content":7}', { headers, priority: 99, timestamp: 'soon' }))
      assert.deepEqual([copy.round, copy.failures, copy.history, copy.priority], [0, 0, [], 9])
      assert.deepEqual([copy.orderingKey, copy.message.type, copy.acceptedAt], [undefined, 'MNP', NOW])
      assert.equal(copy.message.content, '{"id":"x","content":7}')
    })

    const unreadable: readonly [string, Buffer | string, object, RegExp][] = [
      ['no JSON', 'hello', { messageId: 'x' }, /not a JSON object/],
      ['no UTF-8', Buffer.from([0xff, 0xfe]), { messageId: 'x' }, /not a JSON object/],
      ['nothing', '', { messageId: 'x' }, /not a JSON object/],
      ['a list', '[]', { messageId: 'x' }, /not a JSON object/],
      ['no id', '{"type":"MNP","content":"a"}', {}, /no id/],
      ['an id that is no text', '{"id":7,"content":"a"}', {}, /no id/],
      ['an endless id', '{"content":"a"}', { messageId: 'x'.repeat(256) }, /longer than/],
    ]
    for (const [name, body, properties, reason] of unreadable) {
      test(`${name}: refused with the reason`, () => {
        const decoded = decode(raw(body, properties), NOW)
        assert.match(decoded.kind === 'malformed' ? decoded.reason : 'understood', reason)
      })
    }
  })

  test('deliveries before this one: counted by quorum queues, at least told by classic ones', () => {
    assert.equal(redeliveries(raw('{}')), 0)
    assert.equal(redeliveries(raw('{}', {}, { redelivered: true })), 1)
    assert.equal(redeliveries(raw('{}', { headers: { 'x-delivery-count': 4 } }, { redelivered: true })), 4)
  })

  test('what the broker gave up says so', () => {
    const headers = { 'x-first-death-reason': 'delivery_limit', 'x-first-death-queue': 'q.MNP' }
    assert.match(understood(raw('{"id":"x"}', { headers })).error ?? '', /too often/)
    const expired = { 'x-first-death-reason': 'expired', 'x-first-death-queue': 'q.delay.25' }
    assert.equal(understood(raw('{"id":"x"}', { headers: expired })).error, undefined)
  })
})
