/**
 * The effects of processors in Redis: documents with versions and a mark per message id, so that any process may work
 * on any message (Q7).
 *
 * A document is a string, `<version> <JSON>`; a mark is the JSON of its effect's result. One script checks the mark
 * and every version before it writes anything. A mark lives as long as its message can come back: the ledger gives it
 * the retention once the message has ended, together with the record that makes late copies late. Until then, and
 * where no ledger tells, it stays for the longest delay that a message may have and the retention on top; a dead
 * letter that an operator requeues after more than that could repeat its effect.
 */
import {
  type ApplyResult,
  type Effect,
  type EffectStore,
  type JsonValue,
  LIMITS,
  type StoredDocument,
} from '../../core/index.ts'
import type { EngineHealth } from '../../queue/index.ts'
import { type Call, type ConnectionOptions, RedisConnection, script } from './connection.ts'
import { failed } from './faults.ts'
import { type Keys, keysOf } from './keys.ts'

export interface RedisEffectsOptions extends ConnectionOptions {
  readonly queueName: string
  readonly retentionMs: number
}

/**
 * KEYS: the mark, then one per write. ARGV: the mark's life (ms), its content, then version and content of each write,
 * content '' = delete. Answer: { 'applied' } | { 'already', result } | { 'conflict', number of the write } |
 * { 'unusable', key }.
 */
const SOURCE = `
local function get(key)
  local value = redis.pcall('GET', key)
  if type(value) == 'table' then return nil, true end
  return value
end
local mark, broken = get(KEYS[1])
if broken then return { 'unusable', KEYS[1] } end
if mark then return { 'already', mark } end
for i = 2, #KEYS do
  local value, unusable = get(KEYS[i])
  local version = value and string.match(value, '^(%d+) ') or '0'
  if unusable or (value and version == '0') then return { 'unusable', KEYS[i] } end
  if version ~= ARGV[2 * i - 1] then return { 'conflict', i - 1 } end
end
for i = 2, #KEYS do
  local version, content = tonumber(ARGV[2 * i - 1]), ARGV[2 * i]
  if content == '' then
    redis.call('DEL', KEYS[i])
  else
    redis.call('SET', KEYS[i], string.format('%.0f', version + 1) .. ' ' .. content)
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
return { 'applied' }
`
const APPLY = script(SOURCE)
/** Work that could not be applied would never end, and what has ended is what a full Redis can throw away. */
const APPLY_FULL = script(`#!lua flags=allow-oom\n${SOURCE}`)

export class RedisEffects implements EffectStore {
  /** Every process with this Redis and queue name keeps one book of effects. */
  readonly shared = true
  readonly #connection: RedisConnection
  readonly #keys: Keys
  readonly #markLife: string

  constructor(options: RedisEffectsOptions) {
    this.#connection = new RedisConnection(options, 'effects')
    this.#keys = keysOf(options.queueName)
    this.#markLife = String(LIMITS.delayMs + options.retentionMs)
  }

  /** Resolves also when Redis is away; it is looked for until `stop`. */
  start(): Promise<void> {
    return this.#connection.start()
  }

  stop(): Promise<void> {
    return this.#connection.stop()
  }

  health(): EngineHealth {
    return this.#connection.health()
  }

  async read(keys: readonly string[]): Promise<(StoredDocument | undefined)[]> {
    if (keys.length === 0) return []
    const reply = await this.#connection.command(['MGET', ...keys.map(this.#keys.document)])
    const values = reply as readonly (string | null)[]
    return keys.map((key, i) => {
      const value = values[i] ?? null
      return value === null ? undefined : this.#document(key, value)
    })
  }

  async applied(effectId: string): Promise<{ readonly result: JsonValue } | undefined> {
    const reply = await this.#connection.command(['GET', this.#keys.effect(effectId)])
    return reply === null ? undefined : { result: JSON.parse(String(reply)) as JsonValue }
  }

  async apply({ id, result, writes }: Effect): Promise<ApplyResult> {
    const keys = [this.#keys.effect(id), ...writes.map(({ key }) => this.#keys.document(key))]
    const args = [
      ...[this.#markLife, JSON.stringify(result)],
      ...writes.flatMap(({ expectedVersion, value }) => [
        String(expectedVersion),
        value === null ? '' : JSON.stringify(value),
      ]),
    ]
    const call: Call = [APPLY, keys, args]
    const { reply } = await this.#connection.runEvenFull(call, () => [APPLY_FULL, keys, args])
    const [kind, detail] = reply as readonly [string, string | number | undefined]
    switch (kind) {
      case 'applied':
        return { kind }
      case 'already':
        return { kind, result: JSON.parse(String(detail)) as JsonValue }
      case 'conflict':
        return { kind, key: writes[Number(detail) - 1]?.key ?? '' }
      default:
        throw this.#notOurs(String(detail))
    }
  }

  #document(key: string, stored: string): StoredDocument {
    const space = stored.indexOf(' ')
    const version = Number(stored.slice(0, space))
    if (space < 1 || !Number.isSafeInteger(version)) throw this.#notOurs(this.#keys.document(key))
    return { key, version, value: JSON.parse(stored.slice(space + 1)) as JsonValue }
  }

  #notOurs(key: string): Error {
    return failed(`Redis: the key ${key} holds something that is not ours`)
  }
}
