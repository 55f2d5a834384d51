/**
 * What the other processes did to the line, told to this one's listeners.
 *
 * Calls and clearings come from a bounded stream that is read from where the last look ended, so that a lost connection
 * loses none of them; that somebody's place may be another one now comes as the number of the event's last change.
 * A process is told its own doings at once by itself; of those whose answer was lost it hears here, as of another's.
 */
import type { Called, LineNews } from '../../../waiting-room/index.ts'
import { type Reply, script } from '../connection.ts'

/** Entries of the stream in one look; with more the next look follows at once. */
const PAGE = 50
/** More than the stream holds: older ones were shown or are gone. */
const OWN_CALLS = 2_000

/**
 * KEYS: moves, freed, calls, seq. ARGV: the last change and the last call that were heard of, '' = none yet. Answer:
 * the last change now, events changed (each with its number), events with a freed place, calls; or the first alone.
 */
export const LOOK = script(`
local seq = tonumber(redis.call('GET', KEYS[4]) or 0)
if ARGV[1] == '' or tonumber(ARGV[1]) > seq then return { seq } end
local moves = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES')
local freed = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf')
local from = string.format('%.0f', tonumber(ARGV[2]) + 1) .. '-0'
return { seq, moves, freed, redis.call('XRANGE', KEYS[3], from, '+', 'COUNT', ${PAGE}) }
`)

const listOf = (reply: Reply | undefined): readonly Reply[] =>
  Array.isArray(reply) ? (reply as readonly Reply[]) : []

interface OwnCall {
  /** Its answer has come: listeners know. */
  told: boolean
  /** Read from the stream before its answer came. */
  seen?: LineNews
}

export class OtherNews {
  readonly #tell: (news: LineNews) => void
  /** Own calls that the stream has not shown yet, or whose answer has not come. */
  readonly #own = new Map<string, OwnCall>()
  /** Own changes, told at once: event → number of the last one. */
  readonly #ownMoves = new Map<string, number>()
  #change = ''
  #call = ''

  constructor(tell: (news: LineNews) => void) {
    this.#tell = tell
  }

  get args(): readonly string[] {
    return [this.#change, this.#call]
  }

  /** Before a call that may end up in the stream under this name. */
  begins(name: string): void {
    this.#own.set(name, { told: false })
    // The stream is bounded: what it no longer has it will never show.
    const [oldest] = this.#own.keys()
    if (this.#own.size > OWN_CALLS && oldest !== undefined) this.#own.delete(oldest)
  }

  /** It was answered; `written`: the stream will show it, and listeners have been told. */
  answered(name: string, written: boolean): void {
    const call = this.#own.get(name)
    if (!call) return
    call.told = true
    if (!written || call.seen) this.#own.delete(name)
  }

  /** Nobody knows whether it happened; if it did, the stream says so. */
  failed(name: string): void {
    const seen = this.#own.get(name)?.seen
    this.#own.delete(name)
    if (seen) this.#tell(seen)
  }

  /** A change of this process, of which its listeners know. */
  moved(event: string, seq: number): void {
    this.#ownMoves.set(event, Math.max(seq, this.#ownMoves.get(event) ?? 0))
  }

  /** Takes in a look; true = there is more. */
  heard(reply: Reply): boolean {
    const [seq, moves, freed, calls] = listOf(reply)
    const heardBefore = this.#change !== ''
    this.#change = String(seq)
    if (!heardBefore || calls === undefined) {
      // The first look, or Redis has lost its data: what is new begins here.
      this.#call = String(seq)
      this.#own.clear()
      this.#ownMoves.clear()
      return false
    }
    for (const entry of listOf(calls)) this.#heardCall(entry)
    const places = new Set(listOf(freed))
    const changes = listOf(moves)
    for (let at = 0; at < changes.length; at += 2) {
      const event = String(changes[at])
      // Own ones were told; what another did in between is in the frame that was told with them.
      if (this.#ownMoves.get(event) === Number(changes[at + 1])) this.#ownMoves.delete(event)
      else this.#tell({ kind: 'moved', event, freed: places.has(event) })
    }
    return listOf(calls).length === PAGE
  }

  #heardCall(entry: Reply): void {
    const [id, fields] = listOf(entry)
    this.#call = String(id).split('-')[0] ?? this.#call
    const words = listOf(fields).map(String)
    const field = (name: string): string => words[words.indexOf(name) + 1] ?? ''
    const [event, by] = [field('event'), field('by')]
    const news = newsOf(field('kind'), event, field('json'))
    const own = this.#own.get(by)
    if (!own) this.#tell(news)
    else if (own.told) this.#own.delete(by)
    else own.seen = news
  }
}

function newsOf(kind: string, event: string, json: string): LineNews {
  if (kind === 'cleared') {
    const { epoch, active } = JSON.parse(json) as { epoch: number; active: boolean }
    return { kind, event, epoch, active }
  }
  const listed = JSON.parse(json) as readonly (readonly [string, string, string, string])[]
  const called: Called[] = listed.map(([visitor, ticket, claimBy, enteredAt]) => {
    return { visitor, ticket: Number(ticket), claimBy: Number(claimBy), enteredAt: Number(enteredAt) }
  })
  return { kind: 'called', event, called }
}
