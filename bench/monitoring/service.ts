/**
 * The real service as `weir up` runs it, with a back end that answers at once, so that only Weir's own work
 * is measured.
 */
import { fileURLToPath } from 'node:url'
import { freePort } from '../core/redis.ts'
import { cpuSeconds, type Started, serveProgram } from '../harness/processes.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface Work {
  /** Messages accepted plus messages finished since the store was made. */
  readonly messages: number
  readonly cpuSeconds: number
  readonly at: number
}

export class Service {
  readonly #started: Started
  readonly port: number

  private constructor(started: Started, port: number) {
    this.#started = started
    this.port = port
  }

  static async start(dataDir: string): Promise<Service> {
    const port = await freePort()
    const env = {
      API_PORT: String(port),
      ROOM_PORT: 'off',
      DATA_DIR: dataDir,
      BACKEND_SPEED: '0',
      BACKEND_CAPACITY: '100000',
      CONCURRENCY: '100',
      LOG_FORMAT: 'json',
    }
    const started = await serveProgram(
      process.execPath,
      [MAIN, 'up'],
      (line) => line.includes(String(port)),
      env,
    )
    return new Service(started, port)
  }

  async monitoring(on: boolean): Promise<void> {
    await this.#call('POST', `/api/monitoring/${on ? 'enable' : 'disable'}`)
  }

  /** What a Prometheus server does every so often; asked in both states. */
  async scrape(): Promise<number> {
    return (await this.#call('GET', '/metrics')).length
  }

  async work(): Promise<Work> {
    const stats = JSON.parse(await this.#call('GET', '/api/stats')) as Record<string, number>
    const count = (key: string): number => stats[key] ?? Number.NaN
    const finished = count('done') + count('rejected') + count('failed')
    const cpu = cpuSeconds(this.#started.pid) ?? Number.NaN
    return { messages: count('accepted') + finished, cpuSeconds: cpu, at: performance.now() }
  }

  stop(): Promise<void> {
    return this.#started.stop()
  }

  async #call(method: string, path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, { method })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text
  }
}
