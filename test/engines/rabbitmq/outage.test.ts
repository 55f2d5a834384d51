/** Three connections to one broker are one outage in the log. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outage } from '../../../src/engines/rabbitmq/outage.ts'

function world() {
  const lines: string[] = []
  const log = (level: string) => (_fields: object, text: string) => void lines.push(`${level}: ${text}`)
  const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  return { outage: new Outage(logger), said: () => lines.splice(0).filter((line) => !/^debug/.test(line)) }
}

const ALL = ['publish', 'consume', 'control']

test('a start without trouble says nothing', () => {
  const { outage, said } = world()
  for (const one of ALL) outage.connected(one, 0)
  assert.deepEqual(said(), [])
})

test('a fault is told once for all connections, another one too, and the end when the last is back', () => {
  const { outage, said } = world()
  for (const one of ALL) outage.connected(one, 0)
  for (const one of ALL) outage.lost(one, `${one}: closed`, false)
  for (const one of ALL) outage.failed(one, 'refused', false)
  for (const one of ALL) outage.failed(one, 'refused', false)
  assert.deepEqual(said(), Array(2).fill('warn: no connection to the broker; trying again'))
  outage.connected('publish', 7)
  outage.connected('control', 7)
  assert.deepEqual(said(), [])
  outage.connected('consume', 7)
  assert.deepEqual(said(), ['info: connected to the broker'])
  outage.lost('consume', 'consume: closed', false)
  assert.deepEqual(said(), ['warn: no connection to the broker; trying again'], 'a new outage is news')
})

test('what is ours to mend is louder, and many faults do not fill the log', () => {
  const { outage, said } = world()
  outage.failed('publish', 'ACCESS_REFUSED', true)
  assert.deepEqual(said(), ['error: the broker refuses us; trying again'])
  for (let i = 0; i < 1_000; i++) outage.failed('publish', `fault ${i}`, false)
  assert.ok(said().length < 20)
})
