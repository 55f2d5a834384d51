/**
 * The broker is well and the way to it is not: a network that swallows; and a broker that is full and takes no
 * messages. Callers are told in time, and everything resumes by itself.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Direction, halfOpenProxy } from '../../fixtures/half-open.ts'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import { gaps } from './gaps.ts'
import type { Line } from './journal.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

const CONFIRM_MS = 2_000
const HEARTBEAT_SEC = 2
/** A machine that is busy with other tests answers late. */
const SLACK_MS = 3_000
const BACKLOG = 1_200

describe('the way to the broker', { skip: scenariosMissing() }, () => {
  const broker = sharedBroker()
  const redis = sharedRedis()
  const brokerPort = () => Number(new URL(broker().url).port)
  const through = (port: number) => `amqp://guest:guest@127.0.0.1:${port}`
  const engine = { confirmTimeoutMs: CONFIRM_MS, heartbeatSec: HEARTBEAT_SEC }
  const load = { clients: 3, pauseMs: 120 }
  const work = { concurrency: 8, speed: 0.02 }

  const SWALLOWED: readonly (readonly Direction[])[] = [['toServer', 'toClient'], ['toClient'], ['toServer']]
  for (const directions of SWALLOWED) {
    const name = directions.length === 2 ? 'both directions' : directions.join()
    test(`Q1, Q2, Q7: bytes vanish, ${name}: refused in time, noticed by heartbeat, resumed`, async (t) => {
      const proxy = await halfOpenProxy(brokerPort())
      t.after(() => proxy.close())
      const url = through(proxy.port)
      const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger: true, url, engine })
      const sender = await scenario.start('sender', { load })
      const worker = await scenario.start('worker', { work })
      sender.tell('publish')
      await Promise.all([sender.more('acknowledged', 150), worker.more('applied', 150)])
      proxy.swallow(...directions)
      const lostAt = Date.now()
      await sender.more('refused', 1)
      await sender.until('noticed', ({ accepting }) => accepting === 'broker_unavailable')
      const noticedAt = Date.now()
      proxy.mend()
      const mendedAt = Date.now()
      await Promise.all([sender.more('acknowledged', 100), worker.more('applied', 100)])
      const lines = scenario.lines()
      assert.ok(longestWait(lines) < CONFIRM_MS + SLACK_MS, `a caller waited ${longestWait(lines)} ms`)
      scenario.measured({
        ...{ case: `swallowed ${name}`, noticedMs: noticedAt - lostAt, longestWaitMs: longestWait(lines) },
        ...gaps(lines, lostAt, mendedAt),
      })
      await scenario.finish()
      const { handOuts, messages } = await scenario.judge()
      scenario.measured({ case: `swallowed ${name}`, duplicates: handOuts - messages, messages })
    })
  }

  test('Q1, Q2: a full broker: refused at once, consumers go on, resumed when there is room', async (t) => {
    const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger: true, engine })
    const filler = await scenario.start('filler', { load: { clients: 8, pauseMs: 0, most: BACKLOG } })
    filler.tell('publish')
    await filler.until('filled', ({ quiet, tally }) => quiet && tally.acknowledged >= BACKLOG)
    const sender = await scenario.start('sender', { load: { clients: 3, pauseMs: 400, ahead: 2 * BACKLOG } })
    // So slow that there is work for as long as the broker is full.
    const worker = await scenario.start('worker', { work: { concurrency: 3, speed: 0.05, lingerMs: 100 } })
    sender.tell('publish')
    await Promise.all([sender.more('acknowledged', 50), worker.more('applied', 20)])
    t.after(() => broker().clearMemoryAlarm())
    await broker().raiseMemoryAlarm()
    const raisedAt = Date.now()
    await sender.until('told', ({ accepting }) => accepting === 'broker_blocked')
    await sender.until('not ready', ({ ready, health }) => !ready && health.startsWith('broker_blocked'))
    await worker.more('applied', 50)
    await sender.more('refused', 10)
    assert.equal(sender.last.accepting, 'broker_blocked')
    await broker().clearMemoryAlarm()
    const clearedAt = Date.now()
    await Promise.all([sender.more('acknowledged', 50), worker.more('applied', 50)])
    const lines = scenario.lines()
    assert.ok(longestWait(lines) < CONFIRM_MS + SLACK_MS, `a caller waited ${longestWait(lines)} ms`)
    scenario.measured({ case: 'memory alarm', ...gaps(lines, raisedAt, clearedAt) })
    await scenario.start('helper', { work: { concurrency: 20, speed: 0.01 } })
    await scenario.finish()
    await scenario.judge()
  })
})

/** Of any try of any message, until it was answered, in milliseconds in which its process did not stand still. */
function longestWait(lines: readonly Line[]): number {
  const stalls = lines.filter((line) => line.kind === 'late')
  const since = new Map<string, number>()
  let longest = 0
  for (const line of lines) {
    if (line.kind === 'attempted') since.set(line.ref, line.at)
    if (line.kind !== 'acknowledged' && line.kind !== 'refused') continue
    const from = since.get(line.ref) ?? line.at
    let waited = line.at - from
    for (const { by, at, ms } of stalls) {
      if (by === line.by) waited -= Math.max(0, Math.min(line.at, at) - Math.max(from, at - ms))
    }
    longest = Math.max(longest, waited)
  }
  return longest
}
