/** When a collection saw nothing: the service was away, or the collector itself was (a laptop that slept). */
import type { GapLine, SampleLine } from './collection.ts'

export interface Gap {
  readonly from: number
  /** When the service was seen again; absent when it was not. */
  readonly to?: number
  readonly why: string
}

const MOST_GAPS = 100
/** Longer than a look without an answer can take. */
const SLOWEST_LOOK_MS = 10_000

export class Absences {
  readonly #intervalMs: number
  readonly gaps: Gap[] = []
  ms = 0
  #open: GapLine | undefined
  #last: number | undefined

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  observe(line: SampleLine | GapLine): void {
    const { at } = line
    const last = this.#last
    this.#last = at
    if (this.#open) {
      this.ms += at - (last ?? at)
      if (line.kind === 'sample') this.#close(at)
    } else {
      if (last !== undefined && at - last > 3 * this.#intervalMs + SLOWEST_LOOK_MS) {
        this.ms += at - last
        this.#add({ from: last, to: at, why: 'the collector did not look' })
      }
      if (line.kind === 'gap') this.#begin(line)
    }
  }

  #begin(line: GapLine): void {
    this.#open = line
    this.#add({ from: line.at, why: line.why })
  }

  #close(to: number): void {
    const at = this.gaps.findIndex(({ from }) => from === this.#open?.at)
    const gap = this.gaps[at]
    if (gap) this.gaps[at] = { ...gap, to }
    this.#open = undefined
  }

  #add(gap: Gap): void {
    if (this.gaps.length < MOST_GAPS) this.gaps.push(gap)
  }
}
