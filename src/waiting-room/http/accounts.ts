/** Registering and logging in. Errors as older clients read them: `{ error }`. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Identity } from '../accounts/session.ts'
import type { RoomDeps } from './deps.ts'
import { Quota } from './quota.ts'
import { bodyOf, Refusal } from './request.ts'

/** Each takes 16 MiB and a thread of the pool for a while. */
const AT_ONCE = 16

export function accountRoutes(app: FastifyInstance, deps: RoomDeps): void {
  const { accounts, sessions, clock, options } = deps
  if (!accounts) return
  const tries = new Quota(options.loginsPerAddress)
  let busy = 0

  async function hashing<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    const retryAfterMs = tries.take(request.ip, clock.now())
    if (retryAfterMs > 0) throw new Refusal('too_many_tries', 'Too many tries', { retryAfterMs })
    if (busy >= AT_ONCE) throw new Refusal('overloaded', 'Too many at once', { retryAfterMs: 1_000 })
    busy++
    try {
      return await work()
    } finally {
      busy--
    }
  }

  const answer = (message: string, identity: Identity) => {
    const { visitor, email, name, role } = identity
    return {
      message,
      token: sessions.issue(identity, clock.now()),
      user: { id: visitor, userId: visitor, email, name, role },
    }
  }

  app.post('/api/auth/register', async (request, reply) => {
    const registered = await hashing(request, () => accounts.register(bodyOf(request)))
    if (registered.kind === 'registered')
      return reply.code(201).send(answer('Registered', registered.identity))
    if (registered.kind === 'duplicate')
      throw new Refusal('duplicate_email', 'This address is registered already')
    const { faults } = registered
    const message = faults.map(({ field, problem }) => `${field} ${problem}`).join('; ')
    throw new Refusal('invalid_body', message, { faults })
  })

  app.post('/api/auth/login', async (request) => {
    const { email, password } = bodyOf(request)
    if (typeof email !== 'string' || typeof password !== 'string' || email === '' || password === '')
      throw new Refusal('invalid_body', 'email and password are needed')
    const identity = await hashing(request, () => accounts.login(email, password))
    if (!identity) throw new Refusal('wrong_credentials', 'Wrong address or password')
    return answer('Logged in', identity)
  })
}
