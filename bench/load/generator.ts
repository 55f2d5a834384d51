/**
 * Child: the load, in a process of its own.
 *   closed: each connection sends its next request when it has its answer; measures throughput.
 *   open:   requests come at fixed moments whether or not earlier ones were answered; latency counts from the
 *           moment a request was meant to be sent, so a server that stalls cannot hide who waited.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer, childConfig } from '../harness/child.ts'
import { quantile } from '../harness/statistics.ts'
import { Connection, type Heard, httpRequest } from './connection.ts'
import type { LoadPlan, LoadResult } from './load.ts'

const TIMEOUT_MS = 10_000
const OPENED_TOGETHER = 50
const plan = childConfig<LoadPlan>()

class Load implements Heard {
  readonly latencies: number[] = []
  readonly statuses: Record<string, number> = {}
  readonly connections: Connection[]
  readonly idle: Connection[] = []
  readonly due: number[] = []
  timeouts = 0
  /** Answers still to come before all connections have had one. */
  opening = 0
  opened = (): void => {}
  measuring = false
  running = true

  constructor() {
    const requests = readTokens(plan.tokens).map((token) =>
      httpRequest(plan.port, plan.path, plan.body, token),
    )
    let sent = 0
    const next = (): Buffer => requests[sent++ % requests.length] ?? Buffer.alloc(0)
    this.connections = Array.from({ length: plan.connections }, () => new Connection(plan.port, next, this))
  }

  answered(connection: Connection, status: number): void {
    const now = performance.now()
    const latency = now - connection.intendedAt
    connection.intendedAt = Number.NaN
    if (this.opening > 0) {
      this.opening--
      if (this.opening === 0) this.opened()
      return
    }
    if (this.measuring) {
      this.statuses[status] = (this.statuses[status] ?? 0) + 1
      if (status >= 200 && status < 300) this.latencies.push(latency)
      if (latency > TIMEOUT_MS) this.timeouts++
    }
    if (!this.running) return
    if (plan.mode === 'closed') connection.send(now)
    else {
      const intendedAt = this.due.shift()
      if (intendedAt === undefined) this.idle.push(connection)
      else connection.send(intendedAt)
    }
  }

  /**
   * One request on each connection, some at a time, before the load: Node takes one new connection in a turn of its
   * loop (libuv 1.52), so those that come while the loop is full wait for seconds, and would be measured as requests.
   */
  async open(): Promise<void> {
    for (let from = 0; from < this.connections.length; from += OPENED_TOGETHER) {
      const some = this.connections.slice(from, from + OPENED_TOGETHER)
      this.opening = some.length
      const all = new Promise<void>((resolve) => {
        this.opened = resolve
      })
      for (const one of some) one.send(performance.now())
      await all
    }
  }

  begin(): void {
    if (plan.mode === 'closed') for (const one of this.connections) one.send(performance.now())
    else {
      this.idle.push(...this.connections)
      this.#arrive(performance.now(), 0)
    }
  }

  /** Requests that were sent and never answered within the time allowed. */
  overdue(): number {
    const now = performance.now()
    return this.connections.filter(({ intendedAt }) => now - intendedAt > TIMEOUT_MS).length
  }

  #arrive(began: number, sent: number): void {
    if (!this.running) return
    const spacing = 1000 / (plan.ratePerSecond ?? 1)
    let next = sent
    for (; began + next * spacing <= performance.now(); next++) {
      const intendedAt = began + next * spacing
      const connection = this.idle.pop()
      if (connection) connection.send(intendedAt)
      else this.due.push(intendedAt)
    }
    setTimeout(() => this.#arrive(began, next), 0.5)
  }
}

function readTokens(file: string | undefined): readonly (string | undefined)[] {
  return file === undefined ? [undefined] : readFileSync(file, 'utf8').trim().split('\n')
}

const load = new Load()
await load.open()
load.begin()
await sleep(plan.warmUpSeconds * 1000)
load.measuring = true
const cpu = process.cpuUsage()
const began = performance.now()
await sleep(plan.seconds * 1000)
const seconds = (performance.now() - began) / 1000
load.measuring = false
const used = process.cpuUsage(cpu)
const overdue = load.overdue()
load.running = false
for (const connection of load.connections) connection.close()
const result: LoadResult = {
  generator: 'own',
  seconds,
  ok: load.latencies.length,
  okPerSecond: load.latencies.length / seconds,
  statuses: load.statuses,
  timeouts: load.timeouts + overdue,
  p50Ms: quantile(load.latencies, 0.5),
  p99Ms: quantile(load.latencies, 0.99),
  maxMs: quantile(load.latencies, 1),
  generatorCores: (used.user + used.system) / 1e6 / seconds,
}
answer(result)
process.exit(0)
