/** The waiting room in processes of its own, and visitors who ask it over HTTP and sockets as browsers do. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { io, type Socket } from 'socket.io-client'
import { eventually } from '../fixtures/process.ts'
import { type RunningRole, startRole } from './role-process.ts'

export const SECRET = 'kT9-vQ2-mZ7-pL4-xR8-nB3-wY6-cD1-fH5'
export const ADMIN = { ADMIN_EMAIL: 'ops@test.com', ADMIN_PASSWORD: 'Test1234!' }

// Tests look into answers field by field.
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by the tests, which is their purpose
export type Body = any

export interface Asked {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

export interface RunningRoom extends RunningRole {
  /** Of the waiting room. */
  readonly room: string
}

export async function startRoom(
  t: TestContext,
  role: 'up' | 'room',
  environment: Readonly<Record<string, string>>,
  start: typeof startRole = startRole,
): Promise<RunningRoom> {
  const running = await start(t, [role], { ROOM_PORT: '0', ...ADMIN, ...environment })
  const { room = running.url } = await running.saw(/^Weir is running$/)
  return Object.assign(running, { room: String(room) })
}

export async function ask(url: string, token?: string, method = 'GET', body?: unknown): Promise<Asked> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

/** As a client is that a busy room tells "not now" (503): it asks again. Every call of a visitor may be repeated. */
async function patient(...args: Parameters<typeof ask>): Promise<Asked> {
  let last: Asked | undefined
  return eventually(
    async () => {
      last = await ask(...args)
      return last.status === 503 ? undefined : last
    },
    () => `an answer of ${args[0]} other than ${JSON.stringify(last?.body)}`,
    30_000,
  )
}

export class Visitor {
  readonly token: string
  readonly id: string
  room: string

  constructor(room: string, token: string, id: string) {
    this.room = room
    this.token = token
    this.id = id
  }

  static async registered(room: string, name: string): Promise<Visitor> {
    const body = { email: `${name}@test.com`, password: 'Test1234!', name }
    const answer = await patient(`${room}/api/auth/register`, undefined, 'POST', body)
    // One that was told "not now" may have happened all the same.
    if (answer.body.code === 'duplicate_email') return Visitor.loggedIn(room, body.email)
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    return new Visitor(room, answer.body.token, answer.body.user.id)
  }

  static async loggedIn(room: string, email = ADMIN.ADMIN_EMAIL): Promise<Visitor> {
    const answer = await patient(`${room}/api/auth/login`, undefined, 'POST', {
      email,
      password: 'Test1234!',
    })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return new Visitor(room, answer.body.token, answer.body.user.id)
  }

  async post(path: string, body?: unknown): Promise<Body> {
    return this.#good('POST', path, body)
  }

  async get(path: string): Promise<Body> {
    return this.#good('GET', path)
  }

  check = (event = '1'): Promise<Body> => this.post(`check/${event}`)
  status = (event = '1'): Promise<Body> => this.get(`status/${event}`)

  async #good(method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await patient(`${this.room}/api/queue/${path}`, this.token, method, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
}

/** Connected, and closed with the test; what it is told is kept. */
export async function connected(t: TestContext, { room, token }: Visitor) {
  const frames: { readonly name: string; readonly payload: Body }[] = []
  const socket: Socket = io(room, { auth: { token }, transports: ['websocket'], reconnectionDelayMax: 1_000 })
  t.after(() => void socket.disconnect())
  socket.onAny((name: string, payload: Body) => void frames.push({ name, payload }))
  await eventually(
    () => (socket.connected ? true : undefined),
    () => 'a socket to the room',
    30_000,
  )
  return {
    socket,
    frames,
    saw: (name: string, fits: (payload: Body) => boolean = () => true): Promise<Body> =>
      eventually(
        () => frames.find((frame) => frame.name === name && fits(frame.payload))?.payload,
        () => `${name}; it heard ${JSON.stringify(frames.map((frame) => frame.name))}`,
        30_000,
      ),
  }
}
