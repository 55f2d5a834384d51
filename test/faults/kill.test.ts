/**
 * The service is killed with SIGKILL at random moments under load, again and again, and the auditor decides from what
 * the client saw. The seed is printed; `WEIR_TEST_SEED=<seed>` repeats the choices (not the machine's timing).
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { describeVerdict } from '../../src/lab/index.ts'
import { withLimit } from '../fixtures/process.ts'
import { seed, seededRandom } from '../fixtures/seed.ts'
import { Address, Ledger, Load } from './ledger.ts'
import { assertAudit, drained, serviceRig } from './rig.ts'

const KILLS = 22
/** A kill waits for at most so many acknowledgements; the seed decides how deep into the load it falls. */
const MOST_ACKNOWLEDGED = 600
const PROGRESS_LIMIT_MS = 60_000

const { start, dataDir } = serviceRig(after)

test('Q1, Q2, Q4, Q7: kill -9 at random moments under load, 22 times: every 2xx ends exactly once', async (t) => {
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom()
  const dir = dataDir()
  const ledger = new Ledger()
  const address = new Address()
  const load = new Load({ ledger, address, random, clients: 6 })
  after(() => load.abandon())
  for (let kill = 0; kill < KILLS; kill++) {
    const service = start(dir, { RETRY_DELAY_MS: '50' })
    if (kill % 5 === 4) {
      // Somewhere in the start: opening, taking over what was in flight, or listening already.
      await new Promise((resolve) => setTimeout(resolve, random() * 500))
    } else {
      address.up(await service.ready)
      await withLimit(
        ledger.acknowledges(Math.floor(random() * MOST_ACKNOWLEDGED), service.exited),
        PROGRESS_LIMIT_MS,
        () => `no acknowledgements any more: ${service.output}`,
      )
    }
    assert.ok(service.running, `it ended by itself:\n${service.output}`)
    address.down()
    assert.equal((await service.end('SIGKILL')).signal, 'SIGKILL')
  }
  const last = start(dir, { RETRY_DELAY_MS: '50' })
  const url = await last.ready
  address.up(url)
  await load.stop()
  await drained(url)
  await assertSeenOverHttp(url, ledger)
  assert.equal((await last.end('SIGTERM')).code, 0, last.output)
  assertAudit(ledger, dir)
  t.diagnostic(describeVerdict(ledger.auditor.verdict()))
  assert.ok(ledger.acknowledged.size > 1000, `only ${ledger.acknowledged.size} acknowledged`)
})

/** A sample of the acknowledged ids, as their sender would look them up. */
async function assertSeenOverHttp(url: string, ledger: Ledger): Promise<void> {
  const ids = [...ledger.acknowledged.values()]
  const step = Math.max(1, Math.floor(ids.length / 200))
  for (let i = 0; i < ids.length; i += step) {
    const answer = await fetch(`${url}/api/messages/${ids[i]}`, { headers: { 'accept-language': 'en' } })
    const life = (await answer.json()) as { state?: string }
    assert.ok(['done', 'rejected', 'dead'].includes(life.state ?? ''), `${ids[i]}: ${JSON.stringify(life)}`)
  }
}

test('S1: SIGTERM under load loses nothing and ends with 0', async () => {
  const dir = dataDir()
  const ledger = new Ledger()
  const address = new Address()
  // Paced, so that the stop finds work in every stage.
  const service = start(dir, { RATE_PER_SECOND: '100' })
  address.up(await service.ready)
  const load = new Load({ ledger, address, random: seededRandom(seed + 1), clients: 6 })
  after(() => load.abandon())
  await ledger.acknowledges(2000, service.exited)
  address.down()
  assert.deepEqual(await service.end('SIGTERM'), { code: 0, signal: null }, service.output)
  const next = start(dir)
  const url = await next.ready
  address.up(url)
  await load.stop()
  await drained(url)
  assert.equal((await next.end('SIGTERM')).code, 0)
  assertAudit(ledger, dir)
})

test('two processes at once on one data directory: one serves, the other ends with one clear line', async () => {
  const dir = dataDir()
  const both = [start(dir), start(dir)]
  const loser = await withLimit(
    Promise.race(both.map((service) => service.exited.then(() => service))),
    PROGRESS_LIMIT_MS,
    () => 'both run on one data directory',
  )
  const winner = both.find((service) => service !== loser)
  assert.ok(winner)
  const url = await winner.ready
  assert.equal((await fetch(`${url}/health`)).status, 200)
  assert.equal((await loser.exited).code, 1)
  assert.match(loser.output, /^weir: [^\n]*data directory[^\n]*in use by another process[^\n]*\n$/)
  assert.equal((await winner.end('SIGTERM')).code, 0)
})
