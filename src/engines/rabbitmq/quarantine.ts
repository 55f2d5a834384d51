/**
 * Messages that came back unanswered again and again. One of them may be what ends its processes; handed out together
 * with others it would take them along every time, until all of them are given up for its sake. So a process has at
 * most one of these out, the least suspicious first: the innocent are finished one after the other, and what does the
 * harm is left alone with it.
 *
 * A connection that is lost makes them come back as well. Therefore it takes several times, and suspects are slowed
 * down but never held back.
 */
import type { Clock, MessageType } from '../../core/index.ts'
import type { Parcel } from './source.ts'

/** Far enough from the number at which a message is given up that each suspect gets its chance before. */
const SUSPECT_AFTER = 5
const MOMENT_MS = 250

export function isSuspect({ redeliveries }: Parcel): boolean {
  return redeliveries >= SUSPECT_AFTER
}

export class Quarantine {
  readonly #clock: Clock
  readonly #freed: (type: MessageType) => void
  readonly #waiting = new Set<Parcel>()
  #first: Parcel | undefined
  #out: Parcel | undefined
  /** The moment is not over yet. */
  #cancel: (() => void) | undefined

  /** `freed` hears of the type whose suspect may be handed out, when that is not so by its arrival. */
  constructor(clock: Clock, freed: (type: MessageType) => void) {
    this.#clock = clock
    this.#freed = freed
  }

  /** The one that may be handed out now. */
  get next(): Parcel | undefined {
    return this.#out || this.#cancel ? undefined : this.#first
  }

  /** Answers whether it is its turn. */
  add(parcel: Parcel): boolean {
    if (this.#waiting.size === 0 && !this.#out) this.#wait()
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

  /**
   * What was out has been answered, or is given back. The next one goes when the broker has heard of it: an
   * acknowledgement that dies with the process would make the innocent come again each time. Nothing happens for what
   * was never handed out from here.
   */
  ended(parcel: Parcel): void {
    if (this.#out !== parcel) return
    const over = () => {
      if (this.#out !== parcel) return
      this.#out = undefined
      this.#tell()
    }
    // In a turn of its own, because the acknowledgement is sent at the end of this one.
    Promise.resolve()
      .then(() => parcel.source.fence())
      .then(over, over)
  }

  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#waiting.clear()
    this.#first = undefined
    this.#out = undefined
  }

  #wait(): void {
    this.#cancel ??= this.#clock.after(MOMENT_MS, () => {
      this.#cancel = undefined
      this.#tell()
    })
  }

  #tell(): void {
    if (this.next) this.#freed(this.next.copy.message.type)
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
