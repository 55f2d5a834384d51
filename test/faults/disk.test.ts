/**
 * The disk fails under the running service: no 2xx after a failed sync (Q1), nothing accepted is lost (Q2), settles
 * count once (Q4), and when the disk is mended the service works again by itself. The faults are those of
 * `io-fault.c`; each test sees by its counters that they struck.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Exit, eventually, type ServiceProcess } from '../fixtures/process.ts'
import { seededRandom } from '../fixtures/seed.ts'
import { type DiskFault, IoFault, ioFaultsMissing } from './io-fault.ts'
import { Address, Ledger, Load } from './ledger.ts'
import { assertAudit, drained, getJson, serviceRig } from './rig.ts'

const { start, dataDir } = serviceRig(after)

const missing = ioFaultsMissing()

interface Broken {
  readonly dir: string
  readonly disk: IoFault
  readonly service: ServiceProcess
  readonly url: string
  readonly ledger: Ledger
  readonly address: Address
  readonly load: Load
}

/** A service under load whose disk can be broken; the load goes on through everything. */
async function underLoad(environment: Record<string, string> = {}): Promise<Broken> {
  const dir = dataDir()
  const disk = new IoFault(dir)
  after(() => disk.dispose())
  const service = start(dir, {
    ...disk.environment,
    DISK_RESERVE_MB: '1',
    RETRY_DELAY_MS: '50',
    ...environment,
  })
  const url = await service.ready
  const ledger = new Ledger()
  const address = new Address()
  address.up(url)
  const load = new Load({ ledger, address, random: seededRandom(), clients: 4 })
  after(() => load.abandon())
  await ledger.acknowledges(200, service.exited)
  return { dir, disk, service, url, ledger, address, load }
}

const ready = async (url: string) => (await fetch(`${url}/ready`)).status === 200

/** Ended with what it has, and opened again: the file must hold everything that was ever acknowledged. */
async function endedAndAudited(broken: Broken, signal: NodeJS.Signals): Promise<Exit> {
  const { dir, service, ledger, address, load } = broken
  // Nobody may ask there any more: the number of the port can become another server's.
  address.down()
  const end = await service.end(signal)
  const next = start(dir)
  const url = await next.ready
  address.up(url)
  await load.stop()
  await drained(url)
  assert.equal((await next.end('SIGTERM')).code, 0, next.output)
  assertAudit(ledger, dir)
  return end
}

interface Case {
  readonly name: string
  readonly fault: DiskFault
  readonly struck: 'failedSyncs' | 'failedWrites'
  readonly code: 'storage_failed' | 'storage_full'
}

const CASES: readonly Case[] = [
  { name: 'every sync fails (EIO)', fault: { sync: 'EIO' }, struck: 'failedSyncs', code: 'storage_failed' },
  {
    name: 'every write fails (EIO)',
    fault: { write: 'EIO' },
    struck: 'failedWrites',
    code: 'storage_failed',
  },
  { name: 'no space (ENOSPC)', fault: { write: 'ENOSPC' }, struck: 'failedWrites', code: 'storage_full' },
  {
    name: 'space runs out within a write',
    fault: { write: 'ENOSPC', shortBytes: 512, skip: 3 },
    struck: 'failedWrites',
    code: 'storage_full',
  },
]

describe('Q1, Q2, Q4: a failing disk under load', { skip: missing }, () => {
  for (const { name, fault, struck, code } of CASES) {
    test(`${name}: refused with ${code}, nothing lost, and it recovers by itself`, async () => {
      const broken = await underLoad()
      const { disk, url, ledger, service } = broken
      disk.set(fault)
      await eventually(
        () => (disk.counters()[struck] > 5 && (ledger.refusals.get(code) ?? 0) > 20 ? true : undefined),
        () => `${JSON.stringify(disk.counters())} ${JSON.stringify([...ledger.refusals])}\n${service.output}`,
      )
      const answer = await fetch(`${url}/api/message`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'accept-language': 'en' },
        body: JSON.stringify({ type: 'MNP', content: 'x' }),
      })
      assert.equal(answer.status, code === 'storage_full' ? 507 : 503)
      assert.equal((await getJson<{ ready: boolean }>(`${url}/ready`)).ready, false)
      assert.equal((await fetch(`${url}/health`)).status, 200)
      disk.mend()
      await ledger.acknowledges(200, service.exited)
      await eventually(
        async () => ((await ready(url)) ? true : undefined),
        () => `ready again, ${service.output}`,
      )
      await broken.load.stop()
      await drained(url)
      assert.ok(service.running, service.output)
      await endedAndAudited(broken, 'SIGKILL')
    })
  }

  test('once a sync has failed there is no 2xx until one has worked', async () => {
    const { disk, ledger, load, service } = await underLoad()
    disk.set({ sync: 'EIO' })
    // What was synced before the fault may still be on its way to its client.
    await eventually(
      () => ((ledger.refusals.get('storage_failed') ?? 0) > 100 ? true : undefined),
      () => service.output,
    )
    const before = ledger.acknowledged.size
    const refused = ledger.refusals.get('storage_failed') ?? 0
    await eventually(
      () => ((ledger.refusals.get('storage_failed') ?? 0) > refused + 200 ? true : undefined),
      () => service.output,
    )
    assert.equal(ledger.acknowledged.size, before)
    disk.mend()
    await load.stop()
  })

  test('killed while the disk still fails: everything acknowledged is there at the next start', async () => {
    const broken = await underLoad()
    const { disk, ledger, service } = broken
    disk.set({ sync: 'EIO' })
    await eventually(
      () => ((ledger.refusals.get('storage_failed') ?? 0) > 100 ? true : undefined),
      () => service.output,
    )
    await endedAndAudited(broken, 'SIGKILL')
  })

  test('results of work that cannot be stored are kept and stored when the disk works again', async () => {
    // So slow that work is in hand whenever the disk fails.
    const broken = await underLoad({ BACKEND_SPEED: '0.5' })
    const { disk, service, load } = broken
    await load.stop()
    disk.set({ sync: 'EIO' })
    await eventually(
      () => (service.output.includes('The store did not take verdicts; they are kept') ? true : undefined),
      () => service.output,
    )
    disk.mend()
    await eventually(
      () => (service.output.includes('The store takes verdicts again') ? true : undefined),
      () => service.output,
    )
    // The rest of the backlog is for the next one, which is fast.
    assert.equal((await endedAndAudited(broken, 'SIGTERM')).code, 0, service.output)
  })

  test('SIGTERM while the disk fails ends in time and loses nothing', async () => {
    const broken = await underLoad({ DRAIN_TIMEOUT_SEC: '1' })
    const { disk, ledger, service } = broken
    disk.set({ sync: 'EIO' })
    await eventually(
      () => ((ledger.refusals.get('storage_failed') ?? 0) > 20 ? true : undefined),
      () => service.output,
    )
    await endedAndAudited(broken, 'SIGTERM')
  })

  test('a slow sync delays answers and nothing else: /health does not wait for the disk', async () => {
    const { disk, url, load, ledger } = await underLoad()
    const delayMs = 400
    disk.set({ syncDelayMs: delayMs })
    const before = disk.counters().syncs
    const waits: number[] = []
    await eventually(
      async () => {
        const asked = performance.now()
        await (await fetch(`${url}/health`)).text()
        waits.push(performance.now() - asked)
        return disk.counters().syncs >= before + 8 ? true : undefined
      },
      () => 'eight slow syncs',
    )
    const median = waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)] ?? Number.NaN
    assert.ok(waits.length > 10)
    assert.ok(median < delayMs / 4, `half of the /health answers took longer than ${median} ms`)
    disk.mend()
    await ledger.acknowledges(50)
    await load.stop()
  })
})
