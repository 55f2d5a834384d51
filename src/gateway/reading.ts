/** From a body to a message for the queue. What is wrong is returned, not thrown: in a batch it is one of many. */
import { type Clock, DEFAULT_PRIORITY, LIMITS, type NewMessage } from '../core/index.ts'
import type { Abilities, QueueEngine } from '../queue/index.ts'
import { depthFault, hasPrototypeKey } from './body.ts'
import { missing } from './missing.ts'
import { type Fault, Refusal, say } from './refusal.ts'
import { MessageBody } from './schemas.ts'
import type { TypeNames } from './type-names.ts'
import { compileValidator } from './validate.ts'
import { koreanPath, speaksKorean, toEnglish } from './wire.ts'

type Draft = { -readonly [Key in keyof NewMessage]: NewMessage[Key] }

const validator = compileValidator(MessageBody)
const OPTIONAL = ['attributes', 'idempotencyKey', 'orderingKey', 'priority', 'delayMs', 'ttlMs'] as const

type Advice = Partial<Record<keyof Abilities, string>>

export interface ReaderDeps {
  readonly engine: Pick<QueueEngine, 'abilities'>
  /** What to set for an ability that is missing. */
  readonly advice: Advice
  readonly clock: Pick<Clock, 'now'>
  readonly newId: () => string
}

export class MessageReader {
  readonly #types: TypeNames
  readonly #engine: Pick<QueueEngine, 'abilities'>
  readonly #advice: Advice
  readonly #clock: Pick<Clock, 'now'>
  readonly #newId: () => string

  constructor(types: TypeNames, deps: ReaderDeps) {
    this.#types = types
    this.#engine = deps.engine
    this.#advice = deps.advice
    this.#clock = deps.clock
    this.#newId = deps.newId
  }

  /** `key`: the idempotency key of the header, used when the body has none. */
  read(raw: unknown, key: string | undefined): NewMessage | Refusal {
    if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) {
      if (hasPrototypeKey(raw)) return invalid([{ path: '__proto__', problem: 'prototype_key' }])
      if (!speaksKorean(raw)) return this.#english(raw, key)
      return this.#korean(raw, key)
    }
    return invalid([{ path: '', problem: 'object' }])
  }

  #korean(raw: object, key: string | undefined): NewMessage | Refusal {
    try {
      const read = this.#english(toEnglish(raw), key)
      return read instanceof Refusal ? inKorean(read) : read
    } catch (error) {
      if (error instanceof Refusal) return error
      throw error
    }
  }

  #english(raw: object, key: string | undefined): NewMessage | Refusal {
    const body = validator.check(raw) ? raw : withoutNulls(raw)
    if (body !== raw && !validator.check(body)) return invalid(validator.faults(body))
    const fields = body as MessageBody
    const type = this.#types.resolve(fields.type)
    if (type === undefined) return unknownType(this.#types)
    const fault = contentFault(fields.content) ?? keysFault(fields) ?? attributesFault(fields)
    if (fault)
      return new Refusal(fault.problem === 'too_deep' ? 'too_deep' : 'invalid_body', detail(fault), {
        faults: [fault],
      })

    const createdAt = this.#clock.now()
    const draft: Draft = {
      id: this.#newId(),
      type,
      content: fields.content,
      createdAt,
      priority: DEFAULT_PRIORITY,
    }
    if (fields.attributes !== undefined)
      draft.attributes = fields.attributes as NonNullable<NewMessage['attributes']>
    if (key !== undefined) draft.idempotencyKey = key
    return this.#withOptions(draft, fields)
  }

  #withOptions(draft: Draft, fields: MessageBody): NewMessage | Refusal {
    const { idempotencyKey, orderingKey, priority, delayMs, ttlMs } = fields
    if (idempotencyKey !== undefined) draft.idempotencyKey = idempotencyKey
    if (orderingKey !== undefined) draft.orderingKey = orderingKey
    if (priority !== undefined) draft.priority = priority
    if (delayMs !== undefined && delayMs > 0) draft.availableAt = draft.createdAt + delayMs
    if (ttlMs !== undefined) {
      if (ttlMs <= (delayMs ?? 0)) return invalid([{ path: 'ttlMs', problem: 'before_delay' }])
      draft.expiresAt = draft.createdAt + ttlMs
    }
    const lacking = this.#lacking(draft)
    if (lacking === undefined) return draft
    return new Refusal('not_available', missing(lacking.ability, this.#advice), {
      faults: [{ path: lacking.path, problem: 'unavailable' }],
    })
  }

  /** An option that the engine would silently ignore is refused: the sender relies on it. */
  #lacking(draft: Draft): { path: string; ability: keyof Abilities } | undefined {
    const can = this.#engine.abilities
    if (draft.idempotencyKey !== undefined && !can.idempotency) {
      return { path: 'idempotencyKey', ability: 'idempotency' }
    }
    if (draft.orderingKey !== undefined && !can.orderingKey) {
      return { path: 'orderingKey', ability: 'orderingKey' }
    }
    if (draft.priority !== DEFAULT_PRIORITY && !can.priority) return { path: 'priority', ability: 'priority' }
    if (draft.availableAt !== undefined && !can.delay) return { path: 'delayMs', ability: 'delay' }
    return undefined
  }
}

/** The same refusal with its fields named in Korean. */
function inKorean(refusal: Refusal): Refusal {
  const faults = refusal.problems.map((fault) => ({ ...fault, path: koreanPath(fault.path) }))
  const retry = refusal.retryAfterMs === undefined ? {} : { retryAfterMs: refusal.retryAfterMs }
  const text = refusal.code === 'invalid_body' ? faults.map(detail).join('; ') : refusal.message
  return new Refusal(refusal.code, text, { faults, ...retry })
}

function invalid(faults: readonly Fault[]): Refusal {
  return new Refusal('invalid_body', faults.map(detail).join('; '), { faults })
}

function detail(fault: Fault): string {
  return `${fault.path === '' ? 'the message' : fault.path} ${say(fault, 'en')}`
}

function unknownType(types: TypeNames): Refusal {
  const known = types.all.join(', ')
  return new Refusal('unknown_type', `type must be one of ${known}`, {
    faults: [{ path: 'type', problem: 'one_of', limit: known }],
  })
}

/** The limit is in UTF-16 units, which JSON Schema does not count; half a surrogate pair cannot be stored as it is. */
function contentFault(content: string): Fault | undefined {
  if (content.length > LIMITS.contentLength)
    return { path: 'content', problem: 'too_long', limit: LIMITS.contentLength }
  return content.isWellFormed() ? undefined : { path: 'content', problem: 'malformed' }
}

/** Stored as UTF-8, two different halves of a pair would become one and the same key. */
function keysFault({ idempotencyKey = '', orderingKey = '' }: MessageBody): Fault | undefined {
  if (!idempotencyKey.isWellFormed()) return { path: 'idempotencyKey', problem: 'malformed' }
  return orderingKey.isWellFormed() ? undefined : { path: 'orderingKey', problem: 'malformed' }
}

function attributesFault(fields: MessageBody): Fault | undefined {
  return fields.attributes === undefined ? undefined : depthFault(fields.attributes, 'attributes')
}

/** Older clients send null for what they leave out. */
function withoutNulls(raw: object): object {
  const copy: Record<string, unknown> = { ...raw }
  for (const name of OPTIONAL) if (copy[name] === null) delete copy[name]
  return copy
}
