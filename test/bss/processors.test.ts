/** The four processors: what each does to the registry, and what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BSS_TYPES, bssProcessors, openLines, readLine, type Service } from '../../src/bss/index.ts'
import { type JsonObject, type Outcome, WeirError } from '../../src/core/index.ts'
import { MemoryEffects } from '../fixtures/memory-effects.ts'
import { runner, ScriptedBackend } from './fixtures.ts'

const LINE = { phoneNumber: '010-1234-5678' }

function world() {
  const effects = new MemoryEffects()
  const backend = new ScriptedBackend()
  return { effects, backend, run: runner(effects, backend) }
}

function outcomeName(outcome: Outcome): unknown {
  return 'result' in outcome ? (outcome.result as JsonObject).outcome : undefined
}

test('each built-in has the name that settings and metrics use', () => {
  const { effects, backend } = world()
  const processors = bssProcessors({ effects, backend })
  assert.deepEqual(
    BSS_TYPES.map(({ name, aliases, builtin }) => [name, aliases[0], processors.get(builtin)?.name]),
    [
      ['SUBSCRIPTION', '가입', 'subscription-processor'],
      ['MNP', '번호이동', 'mnp-processor'],
      ['CHANGE', '명의변경', 'change-processor'],
      ['TERMINATION', '해지', 'termination-processor'],
    ],
  )
})

test('a line lives through subscription, port, change of owner and termination', async () => {
  const { effects, backend, run } = world()
  await run('subscription', 's', { ...LINE, customerId: 'C1', owner: 'Kim' })
  assert.equal(await openLines(effects, 'C1'), 1)
  backend.say = () => '이동대기'
  await run('mnp', 'm1', { ...LINE, toCarrier: 'KT' })
  assert.equal((await readLine(effects, '01012345678')).line?.status, 'porting')
  backend.say = () => '이동완료'
  await run('mnp', 'm2', { ...LINE, toCarrier: 'KT' })
  backend.say = () => '법인전환'
  await run('change', 'c', { ...LINE, newOwner: 'Lee', newCustomerId: 'C2' })
  assert.deepEqual((await readLine(effects, '01012345678')).line, {
    number: '01012345678',
    customer: 'C2',
    owner: 'Lee',
    carrier: 'KT',
    status: 'active',
    changedBy: 'c',
  })
  assert.deepEqual([await openLines(effects, 'C1'), await openLines(effects, 'C2')], [0, 1])
  backend.say = () => '번호보존해지'
  const ended = await run('termination', 't', LINE)
  assert.deepEqual(ended, {
    kind: 'done',
    result: {
      outcome: '번호보존해지',
      meaning: 'terminated, number kept',
      line: '01012345678',
      status: 'reserved',
    },
  })
  assert.equal(await openLines(effects, 'C2'), 0)
})

interface Refused {
  readonly promise: string
  readonly before: readonly [Service, JsonObject, string?][]
  readonly service: Service
  readonly attributes: JsonObject
  readonly name: string
  readonly reason: RegExp
}

const REFUSALS: readonly Refused[] = [
  {
    promise: 'a line that somebody else has open is not subscribed again',
    before: [['subscription', { ...LINE, customerId: 'C1' }]],
    service: 'subscription',
    attributes: { ...LINE, customerId: 'C2' },
    name: '가입실패',
    reason: /active for another customer/,
  },
  {
    promise: 'a line that is with us already is not ported to us',
    before: [['subscription', LINE]],
    service: 'mnp',
    attributes: LINE,
    name: '이동실패',
    reason: /already with BSS/,
  },
  {
    promise: 'a line is not ported from a carrier that does not have it',
    before: [['mnp', { ...LINE, toCarrier: 'KT' }]],
    service: 'mnp',
    attributes: { ...LINE, fromCarrier: 'SKT' },
    name: '이동실패',
    reason: /is with KT, not with SKT/,
  },
  {
    promise: 'a terminated line is not ported',
    before: [['termination', LINE]],
    service: 'mnp',
    attributes: LINE,
    name: '이동실패',
    reason: /is terminated/,
  },
  {
    promise: 'a change to the same owner is refused',
    before: [['subscription', { ...LINE, owner: 'Kim' }]],
    service: 'change',
    attributes: { ...LINE, newOwner: 'Kim' },
    name: '변경실패',
    reason: /in the name of Kim already/,
  },
  {
    promise: 'a line that is not active does not change hands',
    before: [['termination', LINE]],
    service: 'change',
    attributes: LINE,
    name: '변경실패',
    reason: /not active \(terminated\)/,
  },
  {
    promise: 'a line that is not active is not terminated',
    before: [['termination', LINE, '번호보존해지']],
    service: 'termination',
    attributes: LINE,
    name: '해지실패',
    reason: /not active \(reserved\)/,
  },
  {
    promise: "another customer's line is not terminated",
    before: [['subscription', { ...LINE, customerId: 'C1' }]],
    service: 'termination',
    attributes: { ...LINE, customerId: 'C2' },
    name: '해지실패',
    reason: /another customer's/,
  },
]

for (const { promise, before, service, attributes, name, reason } of REFUSALS) {
  test(`${promise}: rejected, final, and the back end is not asked`, async () => {
    const { effects, backend, run } = world()
    for (const [i, [earlier, said, outcome]] of before.entries()) {
      backend.say = () => outcome
      assert.equal((await run(earlier, `before-${i}`, said)).kind, 'done')
    }
    const documents = new Map(effects.documents)
    const outcome = await run(service, 'refused', attributes)
    assert.equal(outcome.kind, 'rejected')
    if (outcome.kind === 'rejected') assert.match(outcome.reason, reason)
    assert.equal(outcomeName(outcome), name)
    assert.ok(!backend.calls.includes('refused'))
    assert.deepEqual(effects.documents, documents)
    assert.deepEqual(await run(service, 'refused', attributes, 2), outcome)
  })
}

test('a subscription of a known line is a renewed one, whatever the back end calls it', async () => {
  const { run, effects } = world()
  await run('subscription', 's1', { ...LINE, customerId: 'C1' })
  assert.equal(outcomeName(await run('subscription', 's2', { ...LINE, customerId: 'C1' })), '재가입')
  await run('termination', 't', LINE)
  assert.equal(outcomeName(await run('subscription', 's3', { ...LINE, customerId: 'C2' })), '재가입')
  assert.deepEqual([await openLines(effects, 'C1'), await openLines(effects, 'C2')], [0, 1])
})

test('the messages of older clients, type and content only, are processed', async () => {
  const { run, effects } = world()
  for (const service of ['subscription', 'mnp', 'change', 'termination'] as const) {
    const outcome = await run(service, service)
    assert.equal(outcome.kind, 'done')
    assert.ok(await effects.applied(service), 'the message is marked as done (Q7)')
    // Nobody can ask for a line that only the message names; kept, it would stay for ever.
    assert.equal((await readLine(effects, `message:${service}`)).line, undefined)
  }
})

test("the legacy system's refusal is a final outcome and leaves the registry as it is", async () => {
  const refusals = {
    subscription: '가입실패',
    mnp: '이동실패',
    change: '변경실패',
    termination: '해지실패',
  } as const
  for (const [service, name] of Object.entries(refusals) as [Service, string][]) {
    const { run, effects, backend } = world()
    backend.say = () => name
    const outcome = await run(service, 'x', LINE)
    assert.equal(outcome.kind, 'rejected')
    assert.equal(outcomeName(outcome), name)
    assert.equal(effects.documents.size, 0)
  }
})

test('an overloaded or silent back end fails the attempt with the pause it asks for', async () => {
  const { run, effects, backend } = world()
  backend.say = () => ({ kind: 'refused', status: 429, retryAfterMs: 700 })
  const busy = await run('mnp', 'x', LINE)
  assert.equal(busy.kind, 'failed')
  assert.deepEqual(busy.kind === 'failed' && [busy.failure, busy.retryAfterMs], ['overloaded', 700])
  backend.say = () => ({ kind: 'refused', status: 503, retryAfterMs: 900 })
  const down = await run('mnp', 'x', LINE)
  assert.deepEqual(down.kind === 'failed' && [down.failure, down.retryAfterMs], ['unavailable', 900])
  backend.say = () => ({ kind: 'timeout' })
  const silent = await run('mnp', 'x', LINE)
  assert.equal(silent.kind === 'failed' && silent.failure, 'timeout')
  assert.equal(effects.marks.size, 0)
})

test('malformed attributes go to the dead letters with their name, without a call', async () => {
  const { run, backend } = world()
  const outcome = await run('change', 'x', { phoneNumber: 'none' })
  assert.equal(outcome.kind, 'dead')
  if (outcome.kind === 'dead') assert.match(outcome.error, /phoneNumber/)
  assert.deepEqual(backend.calls, [])
})

test('a store that cannot write costs the message no attempt', async () => {
  const { run, effects } = world()
  effects.apply = () =>
    Promise.reject(new WeirError('storage_full', 'the disk is full', { retryAfterMs: 5_000 }))
  const outcome = await run('subscription', 'x', LINE)
  assert.equal(outcome.kind === 'failed' && outcome.retryAfterMs, 5_000)
})
