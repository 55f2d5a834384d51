/**
 * Messages that came back unanswered again and again. One of them may be what ends its processes; handed out together
 * with others it would take them along every time, until all of them are given up for its sake. So a process has at
 * most one of these out, the least suspicious first: the innocent are finished one after the other, and what does the
 * harm is left alone with it.
 *
 * A connection that is lost makes them come back as well. Therefore it takes several times, and suspects are slowed
 * down but never held back.
 */
import type { MessageType } from '../../core/index.ts'
import type { Parcel } from './source.ts'

/** Far enough from the number at which a message is given up that each suspect gets its chance before. */
const SUSPECT_AFTER = 5

export function isSuspect({ redeliveries }: Parcel): boolean {
  return redeliveries >= SUSPECT_AFTER
}

export class Quarantine {
  readonly #freed: (type: MessageType) => void
  readonly #waiting = new Set<Parcel>()
  #first: Parcel | undefined
  #out: Parcel | undefined

  /** `freed` hears of the type whose suspect may be handed out because another one has ended. */
  constructor(freed: (type: MessageType) => void) {
    this.#freed = freed
  }

  /** The one that may be handed out now. */
  get next(): Parcel | undefined {
    return this.#out ? undefined : this.#first
  }

  /** Answers whether it is its turn. */
  add(parcel: Parcel): boolean {
    this.#waiting.add(parcel)
    if (!this.#first || before(parcel, this.#first)) this.#first = parcel
    return this.next === parcel
  }

  /** It is not here any more. */
  remove(parcel: Parcel): void {
    this.#waiting.delete(parcel)
    if (this.#first === parcel) this.#look()
  }

  handOut(parcel: Parcel): void {
    this.remove(parcel)
    this.#out = parcel
  }

  /** What was out has been answered, or is given back. Nothing happens for what was never handed out from here. */
  ended(parcel: Parcel): void {
    if (this.#out !== parcel) return
    this.#out = undefined
    if (this.#first) this.#freed(this.#first.copy.message.type)
  }

  clear(): void {
    this.#waiting.clear()
    this.#first = undefined
    this.#out = undefined
  }

  #look(): void {
    this.#first = undefined
    for (const parcel of this.#waiting) {
      if (!this.#first || before(parcel, this.#first)) this.#first = parcel
    }
  }
}

/**
 * Among those that came back equally often, once from the oldest and once from the newest: whichever of them does the
 * harm, two deaths have let all the others pass.
 */
function before(a: Parcel, b: Parcel): boolean {
  if (a.redeliveries !== b.redeliveries) return a.redeliveries < b.redeliveries
  return a.redeliveries % 2 === 0 ? a.seq < b.seq : a.seq > b.seq
}
