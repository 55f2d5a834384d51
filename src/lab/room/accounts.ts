/**
 * The virtual visitors' accounts: `loadtest{n}@test.com` / `Test1234!`, logged in, and registered where a room does not
 * know them yet. Few at a time: a room makes checking a password costly on purpose, and refuses more at once.
 */
import { inLanes, type RoomApi, RoomCallError } from './api.ts'

export const PASSWORD = 'Test1234!'
export const emailOf = (n: number): string => `loadtest${n}@test.com`

export interface Account {
  readonly n: number
  readonly email: string
  /** The id that the room gave. */
  readonly visitor: string
  readonly token: string
}

export interface AccountsReport {
  readonly loggedIn: number
  /** Of those, how many were unknown before. */
  readonly registered: number
  readonly seconds: number
  /** Of all lanes together, because the room asked for a pause. */
  readonly pausedSeconds: number
}

const LANES = 8

/** In the order of their numbers, from 1. Rejects with RoomCallError. `onDone` hears how many are ready. */
export async function logIn(
  api: RoomApi,
  count: number,
  options: {
    readonly now: () => number
    readonly signal: AbortSignal
    readonly onDone: (count: number) => void
  },
): Promise<{ readonly accounts: readonly Account[]; readonly report: AccountsReport }> {
  const { now, signal, onDone } = options
  const from = now()
  const pausedBefore = api.pausedMs
  const accounts: Account[] = []
  let registered = 0
  const numbers = Array.from({ length: count }, (_, i) => i + 1)
  const one = async (n: number): Promise<void> => {
    const { account, isNew } = await accountOf(api, n)
    accounts.push(account)
    if (isNew) registered++
    onDone(accounts.length)
  }
  await inLanes(numbers, LANES, one, signal)
  accounts.sort((a, b) => a.n - b.n)
  const report = {
    loggedIn: accounts.length,
    registered,
    seconds: (now() - from) / 1000,
    pausedSeconds: (api.pausedMs - pausedBefore) / 1000,
  }
  return { accounts, report }
}

async function accountOf(api: RoomApi, n: number): Promise<{ account: Account; isNew: boolean }> {
  const email = emailOf(n)
  const login = () => api.call('POST', '/api/auth/login', {}, { email, password: PASSWORD })
  try {
    return { account: accountIn((await login()).body, n), isNew: false }
  } catch (error) {
    if (!(error instanceof RoomCallError) || error.status !== 401) throw error
  }
  try {
    const body = { email, password: PASSWORD, name: `Load test ${n}` }
    return {
      account: accountIn((await api.call('POST', '/api/auth/register', {}, body)).body, n),
      isNew: true,
    }
  } catch (error) {
    const isTaken = error instanceof RoomCallError && error.status === 400
    if (!isTaken) throw error
    // An answer to the registration that was lost: then the account is there now.
    const account = await login().catch(() => undefined)
    if (account) return { account: accountIn(account.body, n), isNew: true }
    throw new RoomCallError(
      400,
      error.code,
      `${email}: ${error.message} (and the password is not ${PASSWORD})`,
    )
  }
}

function accountIn(body: Readonly<Record<string, unknown>>, n: number): Account {
  const { token, user } = body
  const { userId, id } = (typeof user === 'object' && user !== null ? user : {}) as Record<string, unknown>
  const visitor = userId ?? id
  if (typeof token === 'string' && (typeof visitor === 'string' || typeof visitor === 'number'))
    return { n, email: emailOf(n), visitor: String(visitor), token }
  throw new RoomCallError(
    200,
    'bad_answer',
    'the answer to a login has no token or no user; is this a waiting room?',
  )
}
