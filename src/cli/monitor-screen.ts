/**
 * The whole terminal for a while: the alternate screen, so that what was on it before is there again afterwards.
 *
 *   outside ──enter──▶ inside ──leave | the process ends, however it ends──▶ outside
 *
 * Owns the terminal's modes (alternate screen, hidden cursor, no wrapping, keys without Enter) between the two; `leave`
 * is idempotent and runs at the process's exit too. Each picture is one write that overwrites the last one in place and
 * is shown at once where the terminal can (synchronized output), so nothing flickers.
 */
import type { ReadStream, WriteStream } from 'node:tty'

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
const BEGIN = '\x1b[?2026h\x1b[H'
/** What is left of a longer picture goes. */
const END = '\x1b[J\x1b[?2026l'
const CTRL_C = '\x03'
const CTRL_D = '\x04'

export interface ScreenEvents {
  /** q, Ctrl-C or Ctrl-D. */
  quit(): void
  resized(): void
}

export class Screen {
  readonly #output: WriteStream
  readonly #input: ReadStream | undefined
  readonly #events: ScreenEvents
  #isInside = false

  /** Keys are read where the input is a terminal as well. */
  constructor(output: WriteStream, input: ReadStream, events: ScreenEvents) {
    this.#output = output
    this.#input = input.isTTY ? input : undefined
    this.#events = events
  }

  get size(): { readonly columns: number; readonly rows: number } {
    // A terminal that does not know its size says 0.
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 }
  }

  enter(): void {
    if (this.#isInside) return
    this.#isInside = true
    process.on('exit', this.#leave)
    this.#output.on('resize', this.#resized)
    this.#output.write(ENTER)
    this.#input?.setRawMode(true)
    this.#input?.on('data', this.#key)
  }

  draw(lines: readonly string[]): void {
    if (!this.#isInside) return
    this.#output.write(`${BEGIN}${lines.map((line) => `${line}\x1b[K`).join('\r\n')}${END}`)
  }

  leave(): void {
    this.#leave()
  }

  readonly #leave = (): void => {
    if (!this.#isInside) return
    this.#isInside = false
    process.removeListener('exit', this.#leave)
    this.#output.removeListener('resize', this.#resized)
    this.#input?.removeListener('data', this.#key)
    this.#input?.setRawMode(false)
    // Otherwise the process would wait for keys.
    this.#input?.pause()
    this.#output.write(LEAVE)
  }

  readonly #resized = (): void => this.#events.resized()

  readonly #key = (data: Buffer): void => {
    const keys = data.toString()
    if (/^[qQ]/.test(keys) || keys.includes(CTRL_C) || keys.includes(CTRL_D)) this.#events.quit()
  }
}
