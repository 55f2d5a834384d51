/**
 * One port, several listening sockets. Node takes one new connection of a socket in a turn of its event loop (libuv
 * 1.52), and a busy process has long turns: with one socket those who are connected are served all the time, and those
 * who come wait for seconds (docs/decisions/0011-listening.md). Where the system shares a port among sockets (Linux,
 * SO_REUSEPORT) there are many, and each turn takes one of each.
 *
 * A port that may be shared is no longer refused to a second process of the same user, who would get half of our
 * clients. So we look first whether anybody has it, and nobody else of us looks meanwhile (`claim`).
 */
import type { Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type Clock, pause } from '../core/index.ts'

export interface Place {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** How many listening sockets, where the system can share a port; 1 elsewhere. */
  readonly sockets: number
}

/**
 * Connections that the system holds for us until we take them, of each socket. Of a thousand that come at once to a
 * process that has just started, some overflow Node's 511: their clients believe that they are connected, and wait for
 * the seconds that TCP takes to try again. The system caps it (`net.core.somaxconn`, 4,096 on Linux).
 */
const BACKLOG = 4_096
/** Somebody else is opening a port meanwhile, which takes milliseconds. */
const CLAIM_LIMIT_MS = 2_000
const CLAIM_AGAIN_MS = 10

/**
 * Resolves when it listens, with what has to be closed beside the app: its other sockets. Rejects with the system's
 * error (`EADDRINUSE`), and then nothing listens.
 */
export async function listen(app: FastifyInstance, place: Place, clock: Clock): Promise<readonly Server[]> {
  const { host, port } = place
  const claimed = await claimPort(place, clock)
  try {
    if (!claimed) {
      await app.listen({ host, port, backlog: BACKLOG })
      return []
    }
    const shared = { backlog: BACKLOG, reusePort: true }
    // A free port that the system chooses is nobody's; a certain one may be somebody's who shares it.
    if (port !== 0) await closed(await opened({ host, port, exclusive: true }))
    await app.listen(Object.assign({ host, port }, shared))
    const { address, port: given } = app.server.address() as AddressInfo
    return await others(app.server, { host: address, port: given, ...shared }, place.sockets - 1)
  } finally {
    await claimed?.release()
  }
}

/** Each hands what it takes to the first, for which it is a connection like its own. */
async function others(server: HttpServer, where: ListenOptions, count: number): Promise<Server[]> {
  const made: Server[] = []
  try {
    for (let i = 0; i < count; i++) made.push(await opened(where, server))
    return made
  } catch (error) {
    for (const one of [server, ...made]) one.close()
    throw error
  }
}

interface Claim {
  release(): Promise<void>
}

/**
 * The right to open this port as a shared one, for the moment. It is a name that the system lets one process have at a
 * time and takes back when that ends (an abstract Unix socket); names are as far apart as ports are, by network
 * namespace. Undefined where a port cannot be shared, where there are no such names, or where somebody keeps this one
 * for no good reason: then one socket has to do.
 */
async function claimPort({ port, sockets }: Place, clock: Clock): Promise<Claim | undefined> {
  if (sockets <= 1 || process.platform !== 'linux' || !(await canShare())) return undefined
  if (port === 0) return { release: async () => {} }
  for (let waited = 0; waited < CLAIM_LIMIT_MS; waited += CLAIM_AGAIN_MS) {
    try {
      const name = await opened({ path: `\0weir-listen-${port}` })
      return { release: () => closed(name) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return undefined
      await pause(clock, CLAIM_AGAIN_MS)
    }
  }
  return undefined
}

async function canShare(): Promise<boolean> {
  try {
    await closed(await opened({ host: '127.0.0.1', port: 0, reusePort: true }))
    return true
  } catch {
    return false
  }
}

/** Listening; with the options of a socket of `node:http` when it takes connections for one. */
function opened(where: ListenOptions, server?: HttpServer): Promise<Server> {
  return new Promise((resolve, reject) => {
    const made = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      // Whoever comes while we only look has to come again; kept, he would keep the look from ending.
      if (server) server.emit('connection', socket)
      else socket.destroy()
    })
    made.once('error', reject)
    made.listen(where, () => {
      made.off('error', reject)
      resolve(made)
    })
  })
}

/** Takes nothing new at once; resolves when the last connection that it took has ended. */
export const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => void server.close(() => resolve()))
