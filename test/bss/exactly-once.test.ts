/**
 * Q7: the effect of a message id happens once, and the registry is consistent however its messages
 * interleave.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '../../src/bss/index.ts'
import { SERVICES } from '../../src/bss/index.ts'
import type { JsonObject, Outcome } from '../../src/core/index.ts'
import { MemoryEffects } from '../fixtures/memory-effects.ts'
import { chances, fc, seed } from '../fixtures/seed.ts'
import { runner, ScriptedBackend } from './fixtures.ts'

const LINE = { phoneNumber: '01011112222', customerId: 'C1' }

test('a repeated attempt gets the same outcome without a second call or change (Q7)', async () => {
  const effects = new MemoryEffects()
  const backend = new ScriptedBackend()
  const run = runner(effects, backend)
  const first = await run('subscription', 'x', LINE)
  assert.deepEqual(await run('subscription', 'x', LINE, 2), first)
  assert.deepEqual(backend.calls, ['x'])
  assert.equal(effects.history.length, 1)
})

test('two attempts at once change the registry once and agree on the outcome (Q7)', async () => {
  const effects = new MemoryEffects()
  const run = runner(effects, new ScriptedBackend())
  const [one, two] = await Promise.all([run('subscription', 'x', LINE), run('subscription', 'x', LINE, 2)])
  assert.deepEqual(one, two)
  assert.equal(effects.history.length, 1)
})

for (const when of ['before', 'after'] as const) {
  test(`a crash after the back end's answer, ${when} the step, leaves one effect (Q7)`, async () => {
    const effects = new MemoryEffects()
    const run = runner(effects, new ScriptedBackend())
    effects.fault = () => when
    await assert.rejects(run('subscription', 'x', LINE), /crashed/)
    effects.fault = () => undefined
    const outcome = await run('subscription', 'x', LINE, 2)
    assert.equal(outcome.kind, 'done')
    assert.equal(effects.history.length, 1)
    assert.equal(effects.documents.get('bss/line/01011112222')?.version, 1)
  })
}

test('a line that became active during the call is decided anew, not overwritten', async () => {
  const effects = new MemoryEffects()
  const backend = new ScriptedBackend()
  const run = runner(effects, backend)
  backend.meanwhile = async () => {
    backend.meanwhile = () => Promise.resolve()
    assert.equal((await run('subscription', 'faster', { ...LINE, customerId: 'C2' })).kind, 'done')
  }
  const outcome = await run('subscription', 'slower', LINE)
  assert.equal(outcome.kind, 'rejected')
  const stored = effects.documents.get('bss/line/01011112222')?.value as JsonObject | undefined
  assert.equal(stored?.customer, 'C2')
})

test('a line that is fought over without end makes the message come back, not spin', async () => {
  const effects = new MemoryEffects()
  effects.apply = (effect) => Promise.resolve({ kind: 'conflict', key: effect.writes[0]?.key ?? '' })
  const outcome = await runner(effects, new ScriptedBackend())('subscription', 'x', LINE)
  assert.ok(outcome.kind === 'failed' && outcome.retryAfterMs !== undefined)
})

interface Job {
  readonly service: Service
  readonly line: number
  readonly customer: number
  readonly newCustomer: number
  readonly outcome: number
  readonly attempts: number
  readonly crash: 'before' | 'after' | undefined
}

const job: fc.Arbitrary<Job> = fc.record({
  service: fc.constantFrom('subscription', 'mnp', 'change', 'termination'),
  line: fc.integer({ min: 0, max: 2 }),
  customer: fc.integer({ min: 0, max: 3 }),
  newCustomer: fc.integer({ min: 0, max: 2 }),
  outcome: fc.integer({ min: 0, max: 3 }),
  attempts: fc.integer({ min: 1, max: 3 }),
  crash: fc.constantFrom(undefined, undefined, 'before', 'after'),
})

function attributesOf({ line, customer, newCustomer, service }: Job): JsonObject {
  return {
    phoneNumber: `0101111000${line}`,
    // One customer in four is not named.
    ...(customer < 3 ? { customerId: `C${customer}` } : {}),
    ...(service === 'change' ? { newCustomerId: `C${newCustomer}` } : {}),
  }
}

/** Runs all jobs at once over a store whose turns come in the order that the scheduler chooses. */
async function interleave(jobs: readonly Job[], scheduler: fc.Scheduler): Promise<MemoryEffects> {
  const effects = new MemoryEffects()
  const backend = new ScriptedBackend()
  const byId = new Map(jobs.map((of, i) => [`m${i}`, of]))
  backend.say = (service, id) => SERVICES[service].outcomes[byId.get(id)?.outcome ?? 0]?.name
  effects.turn = () => scheduler.schedule(Promise.resolve())
  const crashed = new Set<string>()
  effects.fault = ({ id }) => {
    if (crashed.has(id)) return undefined
    crashed.add(id)
    return byId.get(id)?.crash
  }
  const run = runner(effects, backend)
  const all = jobs.flatMap((of, i) =>
    Array.from({ length: of.attempts }, async (_, n): Promise<readonly [string, Outcome | undefined]> => {
      const id = `m${i}`
      return [id, await run(of.service, id, attributesOf(of), n + 1).catch(() => undefined)]
    }),
  )
  await scheduler.waitFor(Promise.all(all))
  // Every attempt that ended with an outcome tells the same story, also one after the fact. Such a last attempt may
  // be the first to apply: the others can all have come to nothing, which is why it must not be the one that crashes.
  effects.turn = () => Promise.resolve()
  effects.fault = () => undefined
  for (const [id, outcome] of await Promise.all(all)) {
    const of = byId.get(id) as Job
    const later = await run(of.service, id, attributesOf(of), 9)
    if (outcome && outcome.kind !== 'failed') assert.deepEqual(outcome, later)
  }
  return effects
}

test(`the registry survives random interleavings, repeats and crashes (Q7, seed ${seed})`, async () => {
  const property = fc.asyncProperty(
    fc.array(job, { minLength: 2, maxLength: 8 }),
    fc.scheduler(),
    async (jobs, scheduler) => {
      const effects = await interleave(jobs, scheduler)
      const ids = effects.history.map(({ id }) => id)
      assert.deepEqual([...ids].sort(), jobs.map((_, i) => `m${i}`).sort(), 'each id applied once, none lost')
      const open = new Map<string, number>()
      for (const { key, value } of effects.documents.values()) {
        const { customer, status, changedBy } = value as JsonObject
        if (!key.startsWith('bss/line/')) continue
        const writes = effects.history.filter((effect) => effect.writes.some((write) => write.key === key))
        assert.equal(writes.at(-1)?.id, changedBy)
        if (typeof customer === 'string' && (status === 'active' || status === 'porting')) {
          open.set(customer, (open.get(customer) ?? 0) + 1)
        }
      }
      for (const { key, value } of effects.documents.values()) {
        if (!key.startsWith('bss/customer/')) continue
        const { customer, openLines } = value as JsonObject
        assert.equal(openLines, open.get(String(customer)) ?? 0, `open lines of ${customer}`)
      }
    },
  )
  await fc.assert(property, chances(300))
})
