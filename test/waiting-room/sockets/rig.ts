/** The room's sockets over a real server on the loopback, a real embedded line, and real clients; only time is ours. */
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { io, type Socket } from 'socket.io-client'
import { DEFAULT_SOCKETS, RoomSockets, type SocketDeps } from '../../../src/waiting-room/index.ts'
import { type RoomRig, roomRig } from '../http/rig.ts'

export interface Frame {
  readonly name: string
  // Tests look into payloads field by field.
  readonly payload: Record<string, unknown>
}

export class Client {
  readonly visitor: string
  readonly socket: Socket
  readonly frames: Frame[] = []
  reason = ''
  error: (Error & { data?: Record<string, unknown> }) | undefined

  constructor(visitor: string, socket: Socket) {
    this.visitor = visitor
    this.socket = socket
    socket.onAny((name: string, payload: Record<string, unknown>) => this.frames.push({ name, payload }))
    socket.on('disconnect', (reason) => {
      this.reason = reason
    })
    socket.on('connect_error', (error) => {
      this.error = error
    })
  }

  all(name: string): Record<string, unknown>[] {
    return this.frames.filter((frame) => frame.name === name).map(({ payload }) => payload)
  }

  last(name: string): Record<string, unknown> | undefined {
    return this.all(name).at(-1)
  }
}

export interface SocketRig extends RoomRig {
  readonly sockets: RoomSockets
  readonly port: number
  /** `auth` in place of the visitor's own token. */
  open(visitor: string, auth?: Record<string, unknown>, more?: { transports: string[] }): Client
  /** Open, and connected. */
  connect(visitor: string, auth?: Record<string, unknown>): Promise<Client>
  /** The acknowledgement of what a client asks. */
  asks(client: Client, name: string, ...args: unknown[]): Promise<Record<string, unknown>>
  /**
   * Lets time pass in small steps, with the turns that the network and the store take, until it is so. What has not
   * come soon waits for the machine, and time then goes on as it does outside: no lease ends because a process is slow.
   */
  until(what: string, done: () => boolean): Promise<void>
  /** So much time, in the same steps. */
  pass(ms: number): Promise<void>
}

const STEP_MS = 50
/** Without a pause, which is 100 s in no time. */
const QUICK_STEPS = 2_000
const PAUSE_MS = 5
const LIMIT_MS = 60_000

export async function socketRig(t: TestContext, changed: (deps: SocketDeps) => SocketDeps = (deps) => deps) {
  // Before the room's own, which closes the HTTP server and the engine: hooks run in the order of their making.
  let stop = async (): Promise<void> => {}
  t.after(() => stop())
  const room = await roomRig(t)
  const { deps, app, clock } = room
  const flows = { eta: deps.flows.eta.bind(deps.flows), flow: () => undefined }
  const sockets = new RoomSockets(changed({ ...deps, flows, sockets: DEFAULT_SOCKETS }))
  // Tests open more at once than wait by default; who does not fit into the queue tries again after a second.
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
  sockets.start(app.server)
  const { port } = app.server.address() as AddressInfo
  const clients: Client[] = []
  stop = async () => {
    for (const { socket } of clients) socket.disconnect()
    await sockets.stop()
  }
  const step = async (ms = STEP_MS): Promise<void> => {
    for (let i = 0; i < 10; i++) await turn()
    await clock.advance(ms)
  }
  const rig: SocketRig = {
    ...room,
    sockets,
    port,
    open(visitor, auth, more = { transports: ['websocket'] }) {
      const socket = io(`http://127.0.0.1:${port}`, {
        auth: auth ?? { token: room.tokenOf(visitor) },
        forceNew: true,
        reconnection: false,
        ...more,
      })
      const client = new Client(visitor, socket)
      clients.push(client)
      return client
    },
    async connect(visitor, auth) {
      const client = rig.open(visitor, auth)
      await rig.until(`${visitor} connects`, () => client.socket.connected || client.error !== undefined)
      if (client.error) throw client.error
      return client
    },
    async asks(client, name, ...args) {
      let answer: Record<string, unknown> | undefined
      client.socket.emit(name, ...args, (given: Record<string, unknown>) => {
        answer = given
      })
      await rig.until(`${name} is answered`, () => answer !== undefined)
      return answer ?? {}
    },
    async until(what, done) {
      const end = performance.now() + LIMIT_MS
      for (let steps = 0; !done(); steps++) {
        if (steps < QUICK_STEPS) await step()
        else if (performance.now() > end) throw new Error(`did not come: ${what}`)
        else await pause(PAUSE_MS).then(() => step(PAUSE_MS))
      }
    },
    async pass(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) await step()
    },
  }
  return rig
}
