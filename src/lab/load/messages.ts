/**
 * What the generator sends and what it makes of the answers, for the three things it can speak to: the API one message
 * a request, the API in batches, or a back end directly, as Weir's HTTP target would (for A/B without a queue).
 */
import type { Random } from '../../core/index.ts'
import { contentOf } from '../names.ts'
import type { HttpAnswer } from './http-answer.ts'

/** Message types with their shares, for example {MNP: 3, CHANGE: 1}. */
export type Mix = Readonly<Record<string, number>>

export interface Target {
  readonly url: URL
  /** `api`: a Weir service; `direct`: anything that takes a POST of one message. */
  readonly kind: 'api' | 'direct'
  readonly batch: number
  readonly mix: Mix
  /** Content is filled up to so many characters. */
  readonly size: number
  /** Sends an idempotency key with each message, as careful senders do. */
  readonly keys: boolean
}

/** What became of one message. */
export type Fate =
  | { readonly kind: 'acknowledged'; readonly id: string }
  /** An answer that says no. */
  | { readonly kind: 'refused'; readonly code: string }
  /** An answer that is a fault of the service, or no connection at all. */
  | { readonly kind: 'failed'; readonly code: string }

/** One type after the other, each as often as its share says. */
export function typePicker(mix: Mix, random: Random): () => string {
  const entries = Object.entries(mix)
  const total = entries.reduce((sum, [, share]) => sum + share, 0)
  const [only] = entries
  if (!only) throw new RangeError('a mix needs a type')
  if (entries.length === 1) return () => only[0]
  return () => {
    let rest = random() * total
    for (const [type, share] of entries) {
      rest -= share
      if (rest < 0) return type
    }
    return only[0]
  }
}

/** Makes requests ready to be written to a connection. */
export class RequestMaker {
  readonly #target: Target
  readonly #pick: () => string
  readonly #head: string

  constructor(target: Target, random: Random) {
    this.#target = target
    this.#pick = typePicker(target.mix, random)
    this.#head = headOf(target)
  }

  /** One message for each ref; a batch where there are several or the target takes batches. */
  make(refs: readonly string[], now: number): string {
    const { kind, batch } = this.#target
    const [ref = ''] = refs
    if (kind === 'direct') return this.#direct(ref, now)
    const messages = refs.map((one) => this.#message(one))
    return this.#request(batch > 1 ? `{"messages":[${messages.join(',')}]}` : (messages[0] ?? ''))
  }

  #message(ref: string): string {
    const key = this.#target.keys ? `,"idempotencyKey":${JSON.stringify(ref)}` : ''
    return `{"type":${JSON.stringify(this.#pick())},"content":${this.#content(ref)}${key}}`
  }

  #direct(ref: string, now: number): string {
    const type = this.#pick()
    const createdAt = new Date(now).toISOString()
    const named = `"id":${JSON.stringify(ref)},"type":${JSON.stringify(type)}`
    const body = `{${named},"content":${this.#content(ref)},"createdAt":"${createdAt}"}`
    const names = `Idempotency-Key: ${ref}\r\nWeir-Message-Id: ${ref}\r\nWeir-Attempt: 1\r\n`
    return this.#request(body, `${names}Weir-Message-Type: ${encodeURIComponent(type)}\r\n`)
  }

  #content(ref: string): string {
    const content = contentOf(ref)
    const missing = this.#target.size - content.length - 1
    return JSON.stringify(missing > 0 ? `${content} ${'x'.repeat(missing)}` : content)
  }

  #request(body: string, more = ''): string {
    return `${this.#head}${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  }
}

function headOf({ url, kind, batch }: Target): string {
  const path = kind === 'direct' ? `${url.pathname}${url.search}` : apiPath(url, batch)
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${url.host}`,
    'User-Agent: weir-load',
    'Accept: application/json',
    'Content-Type: application/json',
  ]
  if (url.username !== '') {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    lines.push(`Authorization: Basic ${Buffer.from(pair).toString('base64')}`)
  }
  return `${lines.join('\r\n')}\r\n`
}

function apiPath(url: URL, batch: number): string {
  const base = url.pathname.replace(/\/$/, '')
  return `${base}${batch > 1 ? '/api/messages/batch' : '/api/message'}`
}

/** Refusals of a service that is there and says no for now; other 5xx are its faults. */
const NO_FOR_NOW = new Set([503, 507])

/** What the answer says of each of `refs`, in order. */
export function fatesOf(
  { kind, batch }: Target,
  refs: readonly string[],
  { status, body }: HttpAnswer,
): Fate[] {
  if (status >= 200 && status < 300) {
    if (kind === 'direct') return refs.map((ref) => ({ kind: 'acknowledged', id: ref }))
    const answer = objectOf(body)
    if (batch > 1) return refs.map((_, index) => resultOf(answer, index))
    return [acknowledgement(answer?.id)]
  }
  const code = codeOf(status, body)
  const refused = (status >= 400 && status < 500) || NO_FOR_NOW.has(status)
  return refs.map(() => ({ kind: refused ? 'refused' : 'failed', code }))
}

const BAD_ANSWER: Fate = { kind: 'failed', code: 'bad_answer' }

const acknowledgement = (id: unknown): Fate =>
  typeof id === 'string' && id !== '' ? { kind: 'acknowledged', id } : BAD_ANSWER

function resultOf(answer: Record<string, unknown> | undefined, index: number): Fate {
  const results = answer?.results
  const result: unknown = Array.isArray(results) ? results[index] : undefined
  if (typeof result !== 'object' || result === null) return BAD_ANSWER
  const { status, id, code } = result as { status?: unknown; id?: unknown; code?: unknown }
  if (status === 'accepted') return acknowledgement(id)
  return { kind: 'refused', code: typeof code === 'string' ? code : 'refused' }
}

/** The code of the problem document, else the status. */
function codeOf(status: number, body: string): string {
  const code = objectOf(body)?.code
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : `http_${status}`
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
