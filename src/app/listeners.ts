/** The sockets that a role opens: its API, and the ports that orchestrators and Prometheus ask. */
import { createGateway, createProbes, type GatewayDeps, type GatewayOptions } from '../gateway/index.ts'
import type { Settings } from './settings.ts'

/** What has been started, so that it can be stopped in the reverse order. */
export type Ending = () => Promise<void> | void

export interface Urls {
  /** Where it answers: the API, for example `http://127.0.0.1:8000`; in a consumer the first listener, '' with none. */
  readonly url: string
  /** Of the extra listeners that are on. */
  readonly urls: { readonly metrics?: string; readonly health?: string; readonly room?: string }
}

/** `/health`, `/ready` and `/metrics` on METRICS_PORT and HEALTH_CHECK_PORT, where they are on. */
export async function startProbes(
  settings: Settings,
  deps: Parameters<typeof createProbes>[0],
  endings: Ending[],
): Promise<Urls['urls']> {
  const { host, metricsPort, healthCheckPort } = settings
  const probe = async (port: number | 'off') => {
    if (port === 'off') return undefined
    const service = createProbes(deps, { host, port })
    endings.push(() => service.stop())
    return (await service.start()).url
  }
  const metrics = await probe(metricsPort)
  const health = await probe(healthCheckPort)
  return { ...(metrics === undefined ? {} : { metrics }), ...(health === undefined ? {} : { health }) }
}

export async function makeGateway(settings: Settings, deps: GatewayDeps, options?: Partial<GatewayOptions>) {
  return createGateway(deps, { host: settings.host, port: settings.apiPort, ...options })
}
