/**
 * One scenario: a queue of its own on a broker, its effects in a Redis, the processes that publish and consume, the
 * journal that all of them write, and the verdict at the end.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { describeVerdict } from '../../../src/lab/index.ts'
import { newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { type Broker, privateBrokerMissing, shared } from '../../fixtures/rabbitmq.ts'
import { noRedis, startRedis, type TestRedis } from '../../fixtures/redis.ts'
import { seed } from '../../fixtures/seed.ts'
import { type Line, readJournal } from './journal.ts'
import { ScenarioProcess } from './scenario-process.ts'
import type { ProcessSettings } from './settings.ts'
import { type Findings, judge } from './verdict.ts'

export interface ScenarioOptions {
  readonly broker: Broker
  readonly redisUrl: string
  readonly ledger: boolean
  /** Addresses for the processes; the broker's own unless said otherwise. */
  readonly url?: string
  readonly engine?: NonNullable<ProcessSettings['engine']>
}

/** A Redis of the file's own, which keeps what it was given over a kill. */
export function sharedRedis(): () => TestRedis {
  return shared(({ cleanup }) =>
    startRedis({
      cleanup: (run) => cleanup(async () => void (await run())),
      durable: true,
      controlled: true,
      args: ['--appendfsync', 'always'],
    }),
  )
}

/** Why the scenarios cannot run here; false when they can. */
export const scenariosMissing = (): string | false => privateBrokerMissing() || noRedis({ controlled: true })

type Part = Pick<ProcessSettings, 'load' | 'work'> & Partial<Pick<ProcessSettings, 'url' | 'engine'>>

/** For so long nothing was worked off. */
const STUCK_AFTER_MS = 60_000
const LOOK_AGAIN_MS = 200
const MESSAGES = `[begin
    {resource, _, _, Name} = amqqueue:get_name(Q),
    case catch ra:consistent_query(amqqueue:get_pid(Q), fun rabbit_fifo:query_messages_total/1) of
      {ok, N, _} -> {Name, N};
      _ -> {Name, -1}
    end
  end || Q <- rabbit_amqqueue:list(), amqqueue:get_type(Q) =:= rabbit_quorum_queue].`
let made = 0

export class Scenario {
  readonly queueName = `faults.${process.pid}.${made++}`
  readonly journal: string
  readonly #options: ScenarioOptions
  readonly #processes: ScenarioProcess[] = []
  readonly #t: TestContext

  constructor(t: TestContext, options: ScenarioOptions) {
    this.#t = t
    this.#options = options
    const dir = newDataDir()
    this.journal = join(dir, 'journal')
    t.diagnostic(`seed ${seed}`)
    t.after(async () => {
      for (const process of this.#processes) await process.kill()
      removeDataDir(dir)
    })
  }

  /** Started; resolves when it says something. */
  async start(name: string, part: Part): Promise<ScenarioProcess> {
    const { redisUrl, ledger, broker, url = broker.url, engine } = this.#options
    const process = new ScenarioProcess({
      ...{ name, url, redisUrl, ledger, queueName: this.queueName, journal: this.journal },
      seed: seed + this.#processes.length,
      ...part,
      engine: { ...engine, ...part.engine },
    })
    this.#processes.push(process)
    await process.until('running', () => true)
    return process
  }

  lines(): Line[] {
    return readJournal(this.journal)
  }

  /** Publishing ends, everything that waits is worked off, and all processes that still run end in order. */
  async finish(broker: Broker = this.#options.broker): Promise<void> {
    for (const process of this.#processes) {
      if (!process.running) continue
      process.tell('quiet')
      await process.until('quiet', ({ quiet }) => quiet)
    }
    await this.drained(broker)
    for (const process of this.#processes) {
      if (!process.running) continue
      assert.deepEqual(await process.stop(), { code: 0, signal: null }, process.output)
    }
    // What a process held back and gave up at its end would lie there again.
    await this.drained(broker)
  }

  /** No queue but those that are there to keep has a message, delivered ones included. However long it takes. */
  async drained(broker: Broker = this.#options.broker): Promise<void> {
    let before = ''
    let changedAt = performance.now()
    for (;;) {
      const left = [...(await this.queues(broker))].filter(([, messages]) => messages !== 0).join(' ')
      if (left === '') return
      // Of the same messages every process may have died.
      const now = `${left} of ${this.#processes.length} processes`
      if (now !== before) changedAt = performance.now()
      before = now
      const outputs = () => this.#processes.map(({ output }) => output).join('\n')
      assert.ok(
        performance.now() < changedAt + STUCK_AFTER_MS,
        `the queues do not drain: ${left}\n${outputs()}`,
      )
      await wait(LOOK_AGAIN_MS)
    }
  }

  /**
   * Messages by queue, without dead letters and unrouted ones. Asked of each queue's leader, in order with everything
   * that happens to it: the figures of `list_queues` are seconds old, and none at all after a restart. -1 = no leader.
   */
  async queues(broker: Broker = this.#options.broker): Promise<Map<string, number>> {
    const kept = ['dead', 'unrouted'].map((name) => `${this.queueName}.${name}`)
    const queues = new Map<string, number>()
    for (const [, name = '', messages] of (await broker.ctl('eval', MESSAGES)).matchAll(
      /<<"(.+?)">>,(-?\d+)/g,
    )) {
      if (name.startsWith(`${this.queueName}.`) && !kept.includes(name)) queues.set(name, Number(messages))
    }
    assert.ok(queues.size > 0, 'no queue was found')
    return queues
  }

  /** After `finish`: whatever was acknowledged came out, and its effect happened once. */
  async judge(broker: Broker = this.#options.broker): Promise<Findings> {
    const { redisUrl, ledger } = this.#options
    const findings = await judge({
      ...{ url: broker.url, redisUrl, ledger, queueName: this.queueName },
      lines: this.lines(),
    })
    const { verdict, handOuts, messages } = findings
    this.#t.diagnostic(`${describeVerdict(verdict)}; ${handOuts} hand-outs of ${messages} messages`)
    const some = JSON.stringify(verdict.findings.filter(({ kind }) => kind !== 'recovered').slice(0, 20))
    assert.ok(verdict.passed, `seed ${seed}: ${describeVerdict(verdict)}\n${some}`)
    assert.equal(verdict.ok, verdict.acknowledged)
    assert.deepEqual(findings.refusedAndOut, [], 'refused at the door, and came out')
    assert.deepEqual(findings.openInTheBook, [], 'ended, but not in the ledger')
    return findings
  }

  /** For the guide's table: facts of this run, by name. */
  measured(facts: Readonly<Record<string, number | string>>): void {
    this.#t.diagnostic(`measured ${JSON.stringify(facts)}`)
  }
}
