/** What a lottery is computed to be: the hash chain over the list and the tickets, from what Redis keeps of it. */
import {
  chained,
  commitmentOf,
  type DoorSettings,
  type Draw,
  drawnOrder,
  EMPTY_ROOT,
  isDrawn,
} from '../../../waiting-room/index.ts'
import type { Reply, Script } from '../connection.ts'
import { failed } from '../faults.ts'
import { CHAIN, PLACE, PREQUEUE, ROOTED, ROSTER, SEAL } from './draw-scripts.ts'
import { packDoor, parseDoor } from './words.ts'

/** The script's own answer; undefined = no such event. */
export type RunLine = (
  script: Script,
  event: string,
  args: readonly string[],
) => Promise<readonly Reply[] | undefined>

/** Others may be faster every time, but each of those times the work gets on. */
const TRIES = 10_000

interface Stored {
  readonly phase: string
  readonly secret: string
  readonly commitment: string
  readonly first: number
  readonly rooted: number
  readonly root: string
  readonly beacon?: string
  readonly count?: number
}

export const pairsOf = (reply: Reply | undefined): Map<string, string> => {
  const list = Array.isArray(reply) ? (reply as readonly Reply[]) : []
  const pairs = new Map<string, string>()
  for (let at = 0; at + 1 < list.length; at += 2) pairs.set(String(list[at]), String(list[at + 1]))
  return pairs
}

function storedOf(reply: Reply | undefined): Stored | undefined {
  const fields = pairsOf(reply)
  if (fields.size === 0) return undefined
  const text = (name: string): string => fields.get(name) ?? ''
  const count = fields.get('count')
  const beacon = fields.get('beacon')
  return {
    phase: text('phase'),
    secret: text('secret'),
    commitment: text('commitment'),
    first: Number(text('first')),
    rooted: Number(text('rooted')),
    root: text('root'),
    ...(beacon !== undefined && { beacon }),
    ...(count !== undefined && { count: Number(count) }),
  }
}

/** What may be told: the secret only once drawn. */
function drawOf(
  { commitment, first, rooted, root, phase, secret, beacon = '' }: Stored,
  drawn = false,
): Draw {
  const told = { commitment, first, count: rooted, root }
  return drawn || phase === 'drawn' ? { ...told, revealed: { secret, beacon } } : told
}

/** `stale`: the door was changed meanwhile. */
export interface Begun {
  readonly kind: 'begun' | 'busy' | 'stale'
  readonly commitment: string
}

export class Draws {
  readonly #run: RunLine

  constructor(run: RunLine) {
    this.#run = run
  }

  /** `before`: the door as it was read. */
  async begin(event: string, secret: string, before: string, door: DoorSettings): Promise<Begun> {
    const commitment = commitmentOf(secret)
    const args = [before, packDoor(door), JSON.stringify(door), secret, commitment, EMPTY_ROOT]
    const reply = await this.#run(PREQUEUE, event, args)
    return { kind: String(reply?.[0] ?? 'busy') as Begun['kind'], commitment }
  }

  /** With the chain up to the last registration; undefined = there is none. */
  async current(event: string): Promise<Draw | undefined> {
    const stored = await this.#chained(event)
    return stored && drawOf(stored)
  }

  /** Draws and opens; takes up what another process began. undefined = there is no pre-queue. */
  async open(
    event: string,
    beacon: string,
    door: () => Promise<string | undefined>,
  ): Promise<Draw | undefined> {
    const sealed = await this.#run(SEAL, event, [beacon])
    if (sealed?.[0] !== 'sealed') return undefined
    const stored = await this.#chained(event)
    if (!stored) return undefined
    const draw = drawOf(stored, true)
    if (!isDrawn(draw)) return undefined
    const order = drawnOrder(draw)
    for (let tries = 0; tries < TRIES; tries++) {
      const [placed, names] = await this.#rest(event, stored.first)
      if (placed === undefined) return this.#opened(event, draw)
      const before = await door()
      if (before === undefined) return undefined
      const opened: DoorSettings = { ...parseDoor(before), mode: 'open', opensAt: null }
      const tickets = names.map((_, i) => String(draw.first + order.at(placed + i)))
      const args = [String(draw.first), String(placed), before, packDoor(opened)]
      const told = [JSON.stringify(opened), JSON.stringify(draw)]
      const reply = await this.#run(PLACE, event, [...args, ...told, ...tickets])
      if (reply?.[0] === 'drawn') return draw
    }
    throw failed('the pre-queue could not be opened: too much is changed at once')
  }

  /** Where the placing goes on, and the next names; undefined = it is over, or it is another list now. */
  async #rest(
    event: string,
    first: number,
  ): Promise<[number, readonly string[]] | [undefined, readonly string[]]> {
    const reply = await this.#run(CHAIN, event, [])
    const fields = pairsOf(reply?.[0])
    if (fields.get('phase') !== 'sealed' || fields.get('first') !== String(first)) return [undefined, []]
    const placed = Number(fields.get('placed') ?? 0)
    const names = (await this.#run(ROSTER, event, [String(placed)]))?.[0]
    return [placed, (Array.isArray(names) ? (names as readonly Reply[]) : []).map(String)]
  }

  /** Another process was faster; or an operator emptied the line, and nothing was drawn. */
  async #opened(event: string, draw: Draw): Promise<Draw | undefined> {
    const now = await this.current(event)
    return now?.revealed && now.first === draw.first ? now : undefined
  }

  /** Goes on with the chain to the end of the list, and keeps how far it came. */
  async #chained(event: string): Promise<Stored | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      const reply = await this.#run(CHAIN, event, [])
      const stored = storedOf(reply?.[0])
      if (!stored) return undefined
      const names = Array.isArray(reply?.[2]) ? (reply[2] as readonly Reply[]) : []
      if (names.length === 0) return stored
      let { root } = stored
      for (const [i, name] of names.entries())
        root = chained(root, stored.first + stored.rooted + i, String(name))
      const rooted = stored.rooted + names.length
      await this.#run(ROOTED, event, [String(stored.first), String(stored.rooted), String(rooted), root])
      // Those who register meanwhile are for the next one who asks.
      if (stored.phase === 'list' && rooted >= Number(reply?.[1])) return { ...stored, rooted, root }
    }
    throw failed('the list of registrations grows faster than it can be read')
  }
}
