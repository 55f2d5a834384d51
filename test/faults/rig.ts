/** What the fault tests share: services that are cleaned up after, the wait for a drain, and the final audit. */
import assert from 'node:assert/strict'
import { describeVerdict } from '../../src/lab/index.ts'
import { newDataDir, removeDataDir } from '../fixtures/embedded.ts'
import { eventually, ServiceProcess } from '../fixtures/process.ts'
import type { Ledger } from './ledger.ts'
import { tellWhatCameOut } from './what-came-out.ts'

export interface ServiceRig {
  readonly start: (dataDir: string, environment?: Readonly<Record<string, string>>) => ServiceProcess
  /** A directory of its own, removed at the end. */
  readonly dataDir: () => string
}

/** `after` is the test file's own; whatever still runs when it comes is killed. */
export function serviceRig(after: (run: () => Promise<void>) => void): ServiceRig {
  const dirs: string[] = []
  const services: ServiceProcess[] = []
  after(async () => {
    for (const service of services) if (service.running) await service.end('SIGKILL')
    for (const dir of dirs) removeDataDir(dir)
  })
  return {
    start(dataDir, environment = {}) {
      const service = new ServiceProcess({ dataDir, environment })
      services.push(service)
      return service
    },
    dataDir() {
      const dir = newDataDir()
      dirs.push(dir)
      return dir
    },
  }
}

const ENGLISH = { 'accept-language': 'en' }

export async function getJson<T>(url: string): Promise<T> {
  return (await (await fetch(url, { headers: ENGLISH })).json()) as T
}

/** Everything that can still move has ended. */
export async function drained(url: string): Promise<void> {
  let depth: Record<string, number> = {}
  await eventually(
    async () => {
      depth = (await getJson<{ depth: Record<string, number> }>(`${url}/api/queue/status`)).depth
      return depth.ready === 0 && depth.inFlight === 0 && depth.delayed === 0 ? true : undefined
    },
    () => `the queue to drain, ${JSON.stringify(depth)}`,
  )
}

/** The service has ended: whatever was acknowledged came out once, and nothing came out that nobody sent. */
export function assertAudit(ledger: Ledger, dataDir: string): void {
  const { states } = tellWhatCameOut(dataDir, ledger.auditor)
  const verdict = ledger.auditor.verdict()
  assert.ok(verdict.passed, `${describeVerdict(verdict)}\n${JSON.stringify(verdict.findings.slice(0, 20))}`)
  assert.equal(verdict.ok, verdict.acknowledged)
  for (const id of ledger.acknowledged.values()) {
    assert.ok(['done', 'rejected', 'dead'].includes(states.get(id) ?? ''), `${id} is ${states.get(id)}`)
  }
}
