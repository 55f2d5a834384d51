/**
 * Effects in the memory of one process, for a broker without a shared store. What it can promise is less than the port
 * asks elsewhere, and `shared`, `durable` and `most` say so: an effect happens once as long as all attempts of its
 * message run in this process, since its start, and among the latest `most` effects.
 */
import type { ApplyResult, Effect, EffectStore, JsonValue, StoredDocument } from '../../core/index.ts'

export interface LocalEffectsOptions {
  /** Marks kept, and documents kept, each; the least recently used goes first. */
  readonly most?: number
}

/** About as many as come in the longest life of an attempt, at the rates that one process works at. */
const MOST = 100_000

export class LocalEffects implements EffectStore {
  readonly shared = false
  readonly durable = false
  readonly most: number
  /** JSON, so that nobody can change what is kept by changing what he was given. */
  readonly #documents: Recent<{ readonly version: number; readonly json: string }>
  readonly #marks: Recent<string>

  constructor({ most = MOST }: LocalEffectsOptions = {}) {
    if (!Number.isInteger(most) || most < 1) throw new RangeError('most: a whole number, at least 1')
    this.most = most
    this.#documents = new Recent(most)
    this.#marks = new Recent(most)
  }

  async read(keys: readonly string[]): Promise<(StoredDocument | undefined)[]> {
    return keys.map((key) => {
      const found = this.#documents.get(key)
      return found && { key, version: found.version, value: JSON.parse(found.json) as JsonValue }
    })
  }

  async applied(effectId: string): Promise<{ readonly result: JsonValue } | undefined> {
    const json = this.#marks.get(effectId)
    return json === undefined ? undefined : { result: JSON.parse(json) as JsonValue }
  }

  /** Without a pause between the first look and the last write, so nobody else's step comes in between. */
  async apply({ id, result, writes }: Effect): Promise<ApplyResult> {
    const earlier = this.#marks.get(id)
    if (earlier !== undefined) return { kind: 'already', result: JSON.parse(earlier) as JsonValue }
    for (const { key, expectedVersion } of writes) {
      if ((this.#documents.get(key)?.version ?? 0) !== expectedVersion) return { kind: 'conflict', key }
    }
    for (const { key, expectedVersion, value } of writes) {
      if (value === null) this.#documents.delete(key)
      else this.#documents.set(key, { version: expectedVersion + 1, json: JSON.stringify(value) })
    }
    this.#marks.set(id, JSON.stringify(result))
    return { kind: 'applied' }
  }
}

/** A map that forgets what was used longest ago; a Map keeps the order of its insertions. */
class Recent<Value> {
  readonly #most: number
  readonly #values = new Map<string, Value>()

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): Value | undefined {
    const value = this.#values.get(key)
    if (value !== undefined) this.#renew(key, value)
    return value
  }

  set(key: string, value: Value): void {
    this.#renew(key, value)
    if (this.#values.size <= this.#most) return
    const oldest = this.#values.keys().next()
    if (!oldest.done) this.#values.delete(oldest.value)
  }

  delete(key: string): void {
    this.#values.delete(key)
  }

  #renew(key: string, value: Value): void {
    this.#values.delete(key)
    this.#values.set(key, value)
  }
}
