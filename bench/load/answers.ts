/**
 * Reads just enough of HTTP/1.1 answers: status and end. The servers measured here always send
 * Content-Length.
 */

const HEAD_END = '\r\n\r\n'

export class AnswerReader {
  #rest = ''

  /** The statuses of the answers that `chunk` completes. Bodies here are ASCII, so characters are bytes. */
  read(chunk: Buffer): number[] {
    this.#rest += chunk.toString('latin1')
    const statuses: number[] = []
    for (;;) {
      const headEnd = this.#rest.indexOf(HEAD_END)
      if (headEnd < 0) return statuses
      const end = headEnd + HEAD_END.length + contentLength(this.#rest, headEnd)
      if (this.#rest.length < end) return statuses
      statuses.push(Number(this.#rest.slice(9, 12)))
      this.#rest = this.#rest.slice(end)
    }
  }
}

function contentLength(head: string, headEnd: number): number {
  const at = head.indexOf('ontent-')
  const match = /[cC]ontent-[lL]ength: *(\d+)/.exec(at < 0 ? '' : head.slice(0, headEnd))
  if (!match) throw new Error(`an answer without Content-Length: ${head.slice(0, 200)}`)
  return Number(match[1])
}
