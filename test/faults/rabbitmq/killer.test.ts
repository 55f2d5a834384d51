/**
 * A message that ends every process it is given to, as a fault in native code does. It is given up after a bounded
 * number of deaths and lands among the dead letters; its neighbours are worked on.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LIMITS } from '../../../src/core/index.ts'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

const MESSAGES = 300
const WORKERS = 2

describe('a message that ends its process', { skip: scenariosMissing() }, () => {
  const broker = sharedBroker()
  const redis = sharedRedis()

  for (const ledger of [true, false]) {
    const book = ledger ? 'with a ledger' : 'without a ledger'

    test(`Q2, Q7: it becomes a dead letter after ${LIMITS.crashesPerMessage} deaths, ${book}`, async (t) => {
      const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger })
      // In the midst of the others, and without a key of its own.
      const special = { text: 'killer', every: MESSAGES / 2, once: true }
      const load = { clients: 1, pauseMs: 0, most: MESSAGES, special }
      const sender = await scenario.start('sender', { load })
      sender.tell('publish')
      await sender.until('sent', ({ quiet, tally }) => quiet && tally.acknowledged >= load.most)
      let deaths = 0
      let over = false
      // As a supervisor does: whoever dies is started again.
      const supervise = async (slot: number) => {
        while (!over) {
          const worker = await scenario
            .start(`worker${slot}.${deaths}`, { work: { concurrency: 5, speed: 0.01 } })
            .catch(() => undefined)
          await worker?.exited
          if (!over) deaths++
          assert.ok(deaths <= 3 * LIMITS.crashesPerMessage, `${deaths} deaths and no end`)
        }
      }
      const slots = Array.from({ length: WORKERS }, (_, slot) => supervise(slot))
      await Promise.race([scenario.drained(), ...slots])
      over = true
      await scenario.finish()
      await Promise.all(slots)
      const { deadLetters } = await scenario.judge()
      scenario.measured({ case: `killer ${book}`, deaths, dead: deadLetters.length })
      const killers = deadLetters.filter(({ message }) => message.content.startsWith('killer'))
      assert.equal(killers.length, 1)
      assert.match(killers[0]?.error ?? '', /in flight at 20 crashes/)
      assert.deepEqual(
        deadLetters.filter((letter) => !killers.includes(letter)).map(({ message }) => message.content),
        [],
        'neighbours died with it',
      )
    })
  }
})
