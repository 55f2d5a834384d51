/** One look at a running service: its status and its metrics, of the same moment as nearly as two requests can be. */
import { type QueueStatus, type WeirClient, WeirClientError } from '../../client/index.ts'
import type { Clock } from '../../core/index.ts'
import { ExpositionError, type MetricSample, parseExposition } from './exposition.ts'

export interface Look {
  /** When it was begun, wall-clock milliseconds. */
  readonly at: number
  readonly status?: QueueStatus
  /** Few while the service's monitoring is off. */
  readonly metrics?: readonly MetricSample[]
  /** Why there is neither: the service is away. */
  readonly away?: string
  /** Why there are metrics and no status: a role without an API, or a store that fails. */
  readonly withoutStatus?: string
  /** Why there is a status and no metrics. */
  readonly withoutMetrics?: string
}

export interface LookOptions {
  /** Without retries and with a short limit: a look is of now or it is none. */
  readonly client: Pick<WeirClient, 'status'>
  /** Of the service; `/metrics` is asked of the same. */
  readonly baseUrl: string
  readonly clock: Pick<Clock, 'now'>
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** The runtime's `fetch` unless given. */
  readonly fetch?: typeof fetch
}

/** A service with a thousand types would answer less. */
const MOST_BYTES = 8_000_000

/** Never rejects: what went wrong is part of what was seen. */
export async function lookAt(options: LookOptions): Promise<Look> {
  const { client, clock } = options
  const at = Math.round(clock.now())
  const limit = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit
  const [status, metrics] = await Promise.all([
    client.status({ signal }).then(
      (answer) => ({ status: answer }),
      (error: unknown) => ({ withoutStatus: reasonOf(error) }),
    ),
    metricsOf(options, signal).then(
      (samples) => ({ metrics: samples }),
      (error: unknown) => ({ withoutMetrics: reasonOf(error) }),
    ),
  ])
  if ('withoutStatus' in status && 'withoutMetrics' in metrics) return { at, away: status.withoutStatus }
  return { at, ...status, ...metrics }
}

async function metricsOf({ baseUrl, fetch: get = fetch }: LookOptions, signal: AbortSignal) {
  const response = await get(new URL('/metrics', baseUrl), { signal })
  if (!response.ok) {
    await response.body?.cancel()
    throw new ExpositionError(`/metrics answered HTTP ${response.status}`)
  }
  return parseExposition(await textOf(response)).samples
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MOST_BYTES) throw new ExpositionError(`/metrics answered more than ${MOST_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function reasonOf(error: unknown): string {
  if (error instanceof WeirClientError || error instanceof ExpositionError) return error.message
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return '/metrics did not answer in time'
  const cause = error.cause as NodeJS.ErrnoException | undefined
  return `/metrics: ${cause?.code ?? cause?.message ?? error.message}`
}
