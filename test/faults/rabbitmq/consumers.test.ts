/** Consumer processes are killed at random while messages flow; and a message that fails at every attempt. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sharedBroker } from '../../fixtures/rabbitmq.ts'
import { seededRandom } from '../../fixtures/seed.ts'
import { Scenario, scenariosMissing, sharedRedis } from './scenario.ts'

const KILLS = 6
/** Where nobody is meant to be late. */
const UNHURRIED_MS = 60_000

describe('consumer processes', { skip: scenariosMissing() }, () => {
  const broker = sharedBroker()
  const redis = sharedRedis()

  for (const ledger of [true, false]) {
    const book = ledger ? 'with a ledger' : 'without a ledger'

    test(`Q2, Q3, Q4, Q5, Q7: kill -9 at random, ${KILLS} times: every effect once, ${book}`, async (t) => {
      const random = seededRandom()
      const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger })
      const sender = await scenario.start('sender', { load: { clients: 6, pauseMs: 150 } })
      const part = { work: { concurrency: 10, speed: 0.03 } }
      const workers = await Promise.all(['a', 'b', 'c'].map((name) => scenario.start(name, part)))
      sender.tell('publish')
      for (let kill = 0; kill < KILLS; kill++) {
        const victim = Math.floor(random() * workers.length)
        const worker = workers[victim]
        assert.ok(worker)
        await worker.more('applied', 1 + Math.floor(random() * 150))
        await worker.kill()
        workers[victim] = await scenario.start(`${worker.name}${kill}`, part)
      }
      await Promise.all(workers.map((worker) => worker.more('applied', 10)))
      await scenario.finish()
      const { verdict, handOuts, messages, repeats } = await scenario.judge()
      assert.ok(repeats > 0, 'no kill fell between an effect and its settle')
      assert.ok(verdict.acknowledged > 500, `only ${verdict.acknowledged} acknowledged`)
      scenario.measured({
        case: `consumers killed ${book}`,
        duplicates: handOuts - messages,
        repeats,
        messages,
      })
    })
  }

  test('Q2: a message that fails at every attempt is a dead letter with its history; others flow', async (t) => {
    const scenario = new Scenario(t, { broker: broker(), redisUrl: redis().url, ledger: true })
    const load = { clients: 5, pauseMs: 20, most: 1_000, special: { text: 'poison', every: 50 } }
    const sender = await scenario.start('sender', { load })
    await scenario.start('worker', {
      work: { concurrency: 10, speed: 0.01, maxRetries: 2, retryDelayMs: 50, timeoutMs: UNHURRIED_MS },
    })
    sender.tell('publish')
    await sender.until('sent', ({ quiet, tally }) => quiet && tally.acknowledged >= 1_000)
    await scenario.finish()
    const { deadLetters, handOuts, messages } = await scenario.judge()
    const poisoned = new Set(
      scenario.lines().flatMap((line) => {
        return line.kind === 'acknowledged' && line.ref.startsWith('poison') ? [line.id] : []
      }),
    )
    assert.ok(poisoned.size > 10, `only ${poisoned.size} that fail`)
    assert.deepEqual(new Set(deadLetters.map(({ message }) => message.id)), poisoned)
    for (const { message, failures, history, error, diedAt } of deadLetters) {
      assert.equal(failures, 3)
      assert.deepEqual(
        history.map(({ outcome }) => outcome),
        ['retry', 'retry', 'dead'],
      )
      assert.deepEqual(
        history.map(({ attempt }) => attempt),
        [1, 2, 3],
      )
      assert.equal(error, `no attempt at ${message.content} can work`)
      assert.ok(diedAt !== undefined)
    }
    // Nobody else was handed out more than once.
    assert.equal(handOuts - messages, 2 * poisoned.size)
  })
})
