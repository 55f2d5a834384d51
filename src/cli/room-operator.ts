/** What an operator's commands ask of a running waiting room: with a token, or logged in as the administrator. */
import type { Command } from 'commander'
import { environment } from '../app/index.ts'
import { CommandError, type GlobalOptions } from './terminal.ts'

export interface OperatorOptions extends Omit<GlobalOptions, 'apiUrl'> {
  readonly apiUrl?: string
  readonly token?: string
}

const ANSWER_MS = 30_000
export const EVENT = /^[A-Za-z0-9_-]{1,64}$/

export function operatorOptions(command: Command): Command {
  return command
    .option('--apiUrl <url>', 'address of the waiting room (WEIR_ROOM_URL; http://127.0.0.1:3001)')
    .option(
      '--token <token>',
      'token of an admin (WEIR_ROOM_TOKEN; else ADMIN_EMAIL and ADMIN_PASSWORD log in)',
    )
}

export class Operator {
  readonly #url: string
  readonly #token: string

  private constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  static async of(options: OperatorOptions): Promise<Operator> {
    const env = environment()
    const url = addressOf(options)
    const token = options.token ?? (env.WEIR_ROOM_TOKEN || undefined)
    if (token !== undefined) return new Operator(url, token)
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = env
    if (!email || !password)
      throw new CommandError('give --token, or set ADMIN_EMAIL and ADMIN_PASSWORD (WEIR_ROOM_TOKEN)', 2)
    const body = JSON.stringify({ email, password })
    const headers = { 'content-type': 'application/json' }
    const response = await ask(`${url}/api/auth/login`, { method: 'POST', headers, body })
    const { token: given } = (await response.json()) as { token: string }
    return new Operator(url, given)
  }

  get(path: string): Promise<Response> {
    return ask(`${this.#url}${path}`, { headers: { authorization: `Bearer ${this.#token}` } })
  }

  /** Lines of an event's audit trail, oldest first. */
  async *trail(event: string): AsyncGenerator<string> {
    let after = '0'
    for (;;) {
      const response = await this.get(`/api/queue/admin/${event}/audit?after=${after}`)
      const text = await response.text()
      if (text !== '') yield text
      after = response.headers.get('weir-audit-next') ?? after
      if (response.headers.get('weir-audit-more') !== 'true') return
    }
  }
}

/** What everybody may read. */
export async function asVisitor(options: OperatorOptions, path: string): Promise<unknown> {
  return (await ask(`${addressOf(options)}${path}`, {})).json()
}

function addressOf({ apiUrl }: OperatorOptions): string {
  const url = (apiUrl ?? (environment().WEIR_ROOM_URL || 'http://127.0.0.1:3001')).replace(/\/+$/, '')
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return url
  throw new CommandError(`--apiUrl must be an http:// or https:// URL; found ${url}`, 2)
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  const { origin } = new URL(url)
  let response: Response
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' })
  } catch {
    throw new CommandError(`the waiting room at ${origin} cannot be reached`)
  }
  if (response.ok) return response
  const told = (await response.json().catch(() => ({}))) as { error?: unknown }
  const reason = typeof told.error === 'string' ? told.error : `status ${response.status}`
  throw new CommandError(`the waiting room at ${origin} refuses: ${reason}`)
}

/** Of `--eventId`. */
export function eventOf(given: string | undefined): string {
  if (given !== undefined && EVENT.test(given)) return given
  throw new CommandError('--eventId must be 1 to 64 of A-Z a-z 0-9 _ -', 2)
}
