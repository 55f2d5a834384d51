/** The generator: every message is accounted for exactly, and latency hides nobody who waited. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import {
  type Accounts,
  audit,
  HistoryRecorder,
  type LoadReport,
  planLoad,
  readHistory,
} from '../../../src/lab/index.ts'
import { reasons } from '../../../src/lab/load/self.ts'
import { Tally } from '../../../src/lab/load/tally.ts'
import { newDataDir } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { accept, apiTarget, json, load, type Script, type Scripted, scripted } from './script.ts'

const dir = newDataDir()
after(() => rmSync(dir, { recursive: true }))
let files = 0
const newFile = () => join(dir, `history-${++files}.jsonl`)

const accounts = (attempted: number, more: Partial<Accounts>): Accounts => ({
  ...{ attempted, acknowledged: 0, refused: 0, failed: 0, unknown: 0 },
  ...more,
})

function assertAccounted({ accounts }: LoadReport): void {
  const { attempted, acknowledged, refused, failed, unknown } = accounts
  assert.equal(attempted, acknowledged + refused + failed + unknown)
}

describe('closed loop', () => {
  test('as many requests as asked for, each its own message, on so many connections', async () => {
    const sockets = new Set<unknown>()
    await using server = await scripted((number, request, response) => {
      sockets.add(request.socket)
      accept(number, request, response)
    })
    const report = await load(planLoad({ requests: 200, concurrency: 7 }), apiTarget(server.url))
    assert.deepEqual(report.accounts, accounts(200, { acknowledged: 200 }))
    assert.deepEqual(report.requests, { sent: 200, unsent: 0 })
    assert.equal(report.latencyMs.count, 200)
    assert.equal(sockets.size, 7)
    const contents = server.bodies.map((body) => (JSON.parse(body) as { content: string }).content)
    assert.equal(new Set(contents).size, 200)
    assert.ok(contents.includes('weir-load r/199'))
  })

  test('for a time: ends, and what is under way then is still counted', async () => {
    await using server = await scripted(accept)
    const report = await load(planLoad({ durationMs: 150, concurrency: 3 }), apiTarget(server.url))
    assertAccounted(report)
    assert.equal(report.accounts.acknowledged, server.bodies.length)
  })
})

describe('every fate has its account, in the report and in the history', () => {
  const problem = { code: 'backlog_full' }
  const cases: [
    name: string,
    script: Script,
    wanted: Partial<Accounts>,
    code: string,
    audited: Partial<Accounts>,
  ][] = [
    [
      '429 is a refusal',
      (_n, _q, r) => json(r, 429, problem),
      { refused: 10 },
      'backlog_full',
      { refused: 10 },
    ],
    ['503 is a refusal', (_n, _q, r) => json(r, 503, {}), { refused: 10 }, 'http_503', { refused: 10 }],
    ['500 is a fault', (_n, _q, r) => json(r, 500, {}), { failed: 10 }, 'http_500', { unknown: 10 }],
    ['202 without an id', (_n, _q, r) => json(r, 202, {}), { failed: 10 }, 'bad_answer', { unknown: 10 }],
    ['a page', (_n, _q, r) => void r.end('<html>'), { failed: 10 }, 'bad_answer', { unknown: 10 }],
    [
      'cut after the request',
      (_n, q) => void q.socket.destroy(),
      { unknown: 10 },
      'the connection was closed',
      { unknown: 10 },
    ],
    [
      'cut within the answer',
      (_n, _q, r) => {
        r.writeHead(202, { 'content-length': 100 })
        r.write('{"id"', () => r.destroy())
      },
      { unknown: 10 },
      'the connection was closed',
      { unknown: 10 },
    ],
    [
      'no HTTP at all',
      (_n, q) => void q.socket.end('hello\r\n\r\n'),
      { unknown: 10 },
      'not an answer: it is not HTTP/1.1',
      { unknown: 10 },
    ],
    ['no answer in time', () => {}, { unknown: 10 }, 'timeout', { unknown: 10 }],
  ]
  for (const [name, script, wanted, code, audited] of cases) {
    test(name, async () => {
      await using server = await scripted(script)
      const file = newFile()
      const history = new HistoryRecorder(file)
      const plan = planLoad({ requests: 10, concurrency: 2 })
      const clock = new FakeClock()
      const loading = load(plan, apiTarget(server.url), { history, clock })
      if (code === 'timeout') await pairsTimeOut(server, clock)
      const report = await loading
      history.close()
      assert.deepEqual(report.accounts, accounts(10, wanted))
      assert.deepEqual(report.codes, { [code]: 10 })
      const verdict = await audit(await readHistory(file))
      const { attempted, acknowledged, refused, unknown } = verdict
      assert.deepEqual({ attempted, acknowledged, refused, unknown, failed: 0 }, accounts(10, audited))
    })
  }

  /** Time passes only when both have arrived: before, there would be nothing that may have been done. */
  async function pairsTimeOut({ bodies }: Scripted, clock: FakeClock): Promise<void> {
    for (const arrived of [2, 4, 6, 8, 10]) {
      await eventually(
        () => bodies.length === arrived || undefined,
        () => `${bodies.length} of ${arrived} requests came`,
      )
      await clock.advance(31_000)
    }
  }

  test('nobody listens: nothing was sent, so it failed and is not unknown', async () => {
    // Below the ports that the system gives out: one of those may be another's by now, or become the caller's own.
    const url = new URL('http://127.0.0.1:1')
    for (const plan of [
      planLoad({ requests: 4, concurrency: 2 }),
      planLoad({ requests: 4, ratePerSecond: 100, concurrency: 2 }),
    ]) {
      const report = await load(plan, apiTarget(url))
      assert.deepEqual(report.accounts, accounts(4, { failed: 4 }))
      assert.deepEqual(report.codes, { unreachable: 4 })
    }
  })

  test('a server that closes after every answer is no fault', async () => {
    await using server = await scripted((number, _request, response) => {
      response.setHeader('connection', 'close')
      json(response, 202, { id: `id-${number}` })
    })
    const report = await load(planLoad({ requests: 30, concurrency: 3 }), apiTarget(server.url))
    assert.deepEqual(report.accounts, accounts(30, { acknowledged: 30 }))
  })
})

test('a batch: each of its messages has its own fate', async () => {
  await using server = await scripted((number, _request, response) => {
    const results = [
      { status: 'accepted', id: `${number}-a` },
      { status: 'refused', code: 'backlog_full' },
      { status: 'accepted' },
    ]
    json(response, 202, { results })
  })
  const report = await load(planLoad({ requests: 5, concurrency: 2 }), apiTarget(server.url, { batch: 4 }))
  assert.deepEqual(report.accounts, accounts(20, { acknowledged: 5, refused: 5, failed: 10 }))
  assert.deepEqual(report.codes, { backlog_full: 5, bad_answer: 10 })
  assert.equal(report.latencyMs.count, 5)
})

test('types come in their shares, sizes and keys as asked', async () => {
  await using server = await scripted(accept)
  const target = apiTarget(server.url, { mix: { MNP: 3, '번호이동 "x"': 1 }, size: 300, keys: true })
  await load(planLoad({ requests: 400, concurrency: 4 }), target)
  const sent = server.bodies.map((body) => JSON.parse(body) as Record<string, string>)
  const mnp = sent.filter(({ type }) => type === 'MNP').length
  // The same seed, the same draw: not a bound that chance may cross.
  assert.ok(mnp > 270 && mnp < 330, `${mnp} of 400`)
  for (const { content, idempotencyKey } of sent) {
    assert.equal(content?.length, 300)
    assert.ok(content?.startsWith(`weir-load ${idempotencyKey} x`))
  }
})

describe('open loop', () => {
  test('a stall of the service counts for everyone who had to wait for it', async () => {
    await using server = await scripted((number, request, response) => {
      if (number === 1) setTimeout(() => accept(number, request, response), 300)
      else accept(number, request, response)
    })
    // One connection, an arrival every 10 ms: thirty arrive during the stall.
    const plan = planLoad({ requests: 40, ratePerSecond: 100, arrivals: 'constant', concurrency: 1 })
    const report = await load(plan, apiTarget(server.url))
    assert.deepEqual(report.accounts, accounts(40, { acknowledged: 40 }))
    assert.ok(report.latencyMs.p50 > 100, `half of them waited over 100 ms: ${report.latencyMs.p50}`)
    assert.ok(report.latencyMs.max >= 299)
    assert.ok(report.serviceMs.count === 40 && report.serviceMs.p50 < report.latencyMs.p50)
    assert.ok(report.generator.waitedForConnection >= 25)
  })

  test('what could not leave within the grace is told as unsent, not as attempted', async () => {
    await using server = await scripted(() => {})
    const plan = planLoad({ requests: 20, ratePerSecond: 200, arrivals: 'constant', concurrency: 2 })
    const report = await load(plan, apiTarget(server.url), { graceMs: 50, timeoutMs: 400 })
    assertAccounted(report)
    assert.equal(report.accounts.acknowledged, 0)
    assert.equal(report.requests.sent + report.requests.unsent, 20)
    assert.ok(report.requests.unsent > 0)
  })

  test('a signal ends it with a report: what was under way is unknown, what never left is unsent', async () => {
    const ending = new AbortController()
    await using server = await scripted((number, request, response) => {
      if (number <= 5) accept(number, request, response)
      else ending.abort()
    })
    const plan = planLoad({ testType: 'sustained', ratePerSecond: 200, durationMs: 600_000, concurrency: 4 })
    const report = await load(plan, apiTarget(server.url), { signal: ending.signal })
    assert.equal(report.interrupted, true)
    assertAccounted(report)
    assert.equal(report.accounts.acknowledged, 5)
    assert.ok(report.accounts.unknown >= 1)
    assert.equal(Object.keys(report.codes)[0], 'interrupted')
    assert.equal(report.requests.sent + report.requests.unsent, 120_000)
  })

  test('already ended before it began: nothing is sent', async () => {
    await using server = await scripted(accept)
    const report = await load(planLoad({}), apiTarget(server.url), { signal: AbortSignal.abort() })
    assert.deepEqual([report.accounts.attempted, server.bodies.length], [0, 0])
  })
})

test('direct: each message as Weir would forward it, and any 2xx is its acknowledgement', async () => {
  const headers: unknown[] = []
  await using server = await scripted((number, { headers: seen, url }, response) => {
    headers.push([
      url,
      seen['weir-message-id'],
      seen['idempotency-key'],
      seen['weir-message-type'],
      seen.authorization,
    ])
    json(response, number === 2 ? 500 : 200, {})
  })
  const url = new URL('/orders?x=1', server.url)
  url.username = 'me'
  url.password = 'secret'
  const report = await load(planLoad({ requests: 3, concurrency: 1 }), apiTarget(url, { kind: 'direct' }))
  assert.deepEqual(report.accounts, accounts(3, { acknowledged: 2, failed: 1 }))
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`
  assert.deepEqual(
    headers,
    ['r/0', 'r/1', 'r/2'].map((ref) => ['/orders?x=1', ref, ref, 'MNP', basic]),
  )
  assert.doesNotMatch(JSON.stringify(report), /secret/)
})

test('a generator that was the bottleneck is marked, with the reason', () => {
  assert.deepEqual(reasons(0.5, 3, 2), [])
  assert.deepEqual(reasons(Number.NaN, Number.NaN, Number.NaN), [])
  assert.match(reasons(0.97, 3, 2).join(), /used 0\.97 cores/)
  assert.match(reasons(0.5, 80, 2).join(), /80 ms late/)
  assert.match(reasons(0.5, 3, 40).join(), /requests left 40 ms late/)
})

test('a long run has coarser rows, not more, and they still hold everything', () => {
  const tally = new Tally(0)
  const hours = 10
  for (let second = 0; second < hours * 3600; second++) {
    tally.attempted(second * 1000, 2)
    tally.fate(second * 1000, 'acknowledged', undefined)
    tally.fate(second * 1000, 'refused', 'backlog_full')
    tally.answered(second * 1000 + 5, second * 1000, second * 1000, true)
  }
  const series = tally.series()
  assert.ok(series.length <= 3600)
  const sum = (key: 'attempted' | 'acknowledged' | 'refused') =>
    series.reduce((total, row) => total + row[key], 0)
  assert.deepEqual(
    [sum('attempted'), sum('acknowledged'), sum('refused')],
    [2, 1, 1].map((n) => n * hours * 3600),
  )
  assert.deepEqual([series[0]?.seconds, series[1]?.from, series[0]?.meanMs, series[0]?.maxMs], [16, 16, 5, 5])
})
