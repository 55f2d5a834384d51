/** Pages through a queue that has no places to name: marked by the last one shown, and by when it died. */
import { WeirError } from '../../core/index.ts'
import type { DeadLetterPage, MessageRecord } from '../../queue/index.ts'

/** The last one of a page: its id, and when it died in case that one is gone when the next page is asked for. */
export interface Mark {
  readonly id: string
  readonly at: number
}

function writeMark({ message, finishedAt }: MessageRecord): string {
  return Buffer.from(JSON.stringify([message.id, finishedAt ?? 0])).toString('base64url')
}

export function readMark(text: string): Mark {
  try {
    const [id, at] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
    if (typeof id === 'string' && typeof at === 'number') return { id, at }
  } catch {
    // Told below.
  }
  throw new WeirError('invalid_query', 'after: not a page mark')
}

export class Page {
  readonly #limit: number
  #mark: Mark | undefined
  #isAfter: boolean
  #items: MessageRecord[] = []
  #isFull = false

  constructor(limit: number, mark: Mark | undefined) {
    this.#limit = limit
    this.#mark = mark
    this.#isAfter = mark === undefined
  }

  add(record: MessageRecord): void {
    if (!this.#isAfter && record.message.id === this.#mark?.id) {
      // What was kept until now stands before it: it was on the pages before.
      this.#isAfter = true
      this.#items = []
      this.#isFull = false
      return
    }
    // Until the mark is found: those that follow it by their time, in case it is never found.
    if (!this.#isAfter && (record.finishedAt ?? 0) <= (this.#mark?.at ?? 0)) return
    if (this.#isFull || this.#items.some(({ message }) => message.id === record.message.id)) return
    if (this.#items.length < this.#limit) this.#items.push(record)
    else this.#isFull = true
  }

  done(): DeadLetterPage {
    const last = this.#items.at(-1)
    return this.#isFull && last ? { items: this.#items, next: writeMark(last) } : { items: this.#items }
  }
}
