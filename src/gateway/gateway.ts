/**
 * HTTP in. Owns the server, its routes and the counters of what it answered; knows the queue by its port only.
 * Keeps Q1 (a 2xx means durable), M1 (monitoring changes no answer) and S1 (start and stop idempotent, nothing lost).
 */
import type { AddressInfo, Server, Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../core/index.ts'
import { Admission } from './admission.ts'
import type { Context } from './context.ts'
import { Intake } from './intake.ts'
import { closed, listen } from './listening.ts'
import { documentPages, documentRoutes } from './openapi.ts'
import { GATEWAY_DEFAULTS, type GatewayOptions } from './options.ts'
import type { GatewayDeps } from './ports.ts'
import { MessageReader } from './reading.ts'
import { deadLetterRoutes } from './routes/dead-letters.ts'
import { messageRoutes } from './routes/messages.ts'
import { monitoringRoutes } from './routes/monitoring.ts'
import { queueRoutes } from './routes/queue.ts'
import { type ProbeDeps, probeRoutes, rootRoute } from './routes/service.ts'
import { typeRoutes } from './routes/types.ts'
import { createServer, type ServerDeps } from './server.ts'
import { RequestTally } from './tally.ts'
import { TypeNames } from './type-names.ts'

/** A server with a life: idempotent start and stop (S1). */
export interface HttpService {
  /** For `inject` and `server`; routes may be added before `start`. */
  readonly app: FastifyInstance
  /** Listens; rejects with the system's error (`EADDRINUSE`) when it cannot. */
  start(): Promise<{ host: string; port: number; url: string }>
  /** Takes no new messages, finishes what is under way, closes idle connections. */
  stop(): Promise<void>
}

/** Every call of CONTRACT section 1. `options` override GATEWAY_DEFAULTS. */
export async function createGateway(
  deps: GatewayDeps,
  options: Partial<GatewayOptions> = {},
): Promise<HttpService> {
  const bounds = { ...GATEWAY_DEFAULTS, ...options }
  const tally = new RequestTally(deps.emit)
  const admission = new Admission(deps, bounds.pendingMessages)
  const names = new TypeNames(deps.types.all())
  const reader = new MessageReader(names, deps)
  const intake = new Intake(deps, admission, reader, tally)
  const context: Context = { deps, intake, names, tally }

  const app = createServer({ ...deps, refused: (code, messages) => tally.refuse(code, messages) }, bounds)
  await documentRoutes(app, deps.version)
  if (bounds.docs) await documentPages(app)
  probeRoutes(app, deps)
  rootRoute(app, deps)
  messageRoutes(app, context)
  queueRoutes(app, context)
  typeRoutes(app, context)
  deadLetterRoutes(app, context)
  monitoringRoutes(app, context)
  let document: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(document)
  })
  return service(app, deps.clock, bounds, () => admission.stop())
}

/** `/health`, `/ready` and `/metrics` alone, for METRICS_PORT and HEALTH_CHECK_PORT. */
export function createProbes(
  deps: ProbeDeps & Omit<ServerDeps, 'refused'>,
  options: Partial<GatewayOptions> = {},
): HttpService {
  const bounds = { ...GATEWAY_DEFAULTS, listeners: 1, ...options }
  const app = createServer({ ...deps, refused: () => {} }, bounds)
  probeRoutes(app, deps)
  return service(app, deps.clock, bounds, () => {})
}

/** The life of any service of ours on a port of its own; `closing` is called as soon as it is to stop. */
export function service(
  app: FastifyInstance,
  clock: Clock,
  bounds: Pick<GatewayOptions, 'host' | 'port' | 'listeners' | 'stopTimeoutMs'>,
  closing: () => void,
): HttpService {
  const sockets = new Set<Socket>()
  let listeners: readonly Server[] = []
  app.server.on('connection', (socket: Socket) => {
    // Node counts what one socket took; the limit is for all of them.
    if (sockets.size >= app.server.maxConnections) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  let started: ReturnType<HttpService['start']> | undefined
  let stopped: Promise<void> | undefined
  const open = async () => {
    const place = { host: bounds.host, port: bounds.port, sockets: bounds.listeners }
    listeners = await listen(app, place, clock)
    const { port } = app.server.address() as AddressInfo
    const host = bounds.host.includes(':') ? `[${bounds.host}]` : bounds.host
    return { host: bounds.host, port, url: `http://${host}:${port}` }
  }
  const close = async () => {
    closing()
    // A stop during the start waits for it: otherwise the socket would open after everything was closed.
    await started?.catch(() => {})
    // Connections that were busy when the server closed become idle later; nobody else would close those.
    let cancel = () => {}
    const sweep = (leftMs: number) => {
      app.server.closeIdleConnections()
      // Node does not count a connection as idle that never sent a byte; browsers open such ones ahead of need.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
      if (leftMs <= 0) app.server.closeAllConnections()
      else cancel = clock.after(50, () => sweep(leftMs - 50))
    }
    // Each is closed when its last connection is, and takes no new one from now on.
    const all = [...listeners.map(closed), app.close()]
    sweep(bounds.stopTimeoutMs)
    await Promise.all(all)
    cancel()
  }
  return {
    app,
    start() {
      started ??= open()
      return started
    },
    stop() {
      stopped ??= close()
      return stopped
    },
  }
}
