/**
 * Reads HTTP/1.1 answers from the bytes of one connection (RFC 9112): what a load generator needs of them, at a
 * fraction of the cost of a general client. One answer at a time, because one request at a time is under way.
 */

export interface HttpAnswer {
  readonly status: number
  readonly body: string
  /** Whether the connection may be used for another request. */
  readonly reusable: boolean
}

export class BadAnswer extends Error {}

const HEAD_END = '\r\n\r\n'
const LARGEST_HEAD = 64 * 1024
/** A batch of 1,000 results is some 300 KiB. */
const LARGEST_BODY = 8 * 1024 * 1024
const NOTHING = Buffer.alloc(0)

interface Head {
  readonly status: number
  readonly reusable: boolean
  readonly framing:
    | { readonly kind: 'length'; readonly length: number }
    | { readonly kind: 'chunked' | 'until-end' }
}

export class AnswerReader {
  #rest: Buffer = NOTHING
  #head: Head | undefined

  /** The answer, as soon as it is whole. Throws BadAnswer at what is none. */
  read(chunk: Buffer): HttpAnswer | undefined {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (;;) {
      this.#head ??= this.#takeHead()
      if (!this.#head) return undefined
      // 100 Continue, 103 Early Hints: the answer proper is still to come.
      if (this.#head.status >= 200) return this.#takeBody(this.#head)
      this.#head = undefined
    }
  }

  /** The connection has ended; an answer that says its length by ending is whole now. */
  end(): HttpAnswer | undefined {
    if (this.#head?.framing.kind !== 'until-end') return undefined
    return this.#whole(this.#head, this.#rest.toString('utf8'), this.#rest.length)
  }

  #takeHead(): Head | undefined {
    const end = this.#rest.indexOf(HEAD_END)
    if (end < 0) {
      if (this.#rest.length > LARGEST_HEAD) throw new BadAnswer('its head does not end')
      return undefined
    }
    const head = headOf(this.#rest.toString('latin1', 0, end))
    this.#rest = this.#rest.subarray(end + HEAD_END.length)
    return head
  }

  #takeBody(head: Head): HttpAnswer | undefined {
    const { framing } = head
    if (this.#rest.length > LARGEST_BODY) throw new BadAnswer('its body is too long')
    if (framing.kind === 'length') {
      if (framing.length > LARGEST_BODY) throw new BadAnswer('its body is too long')
      if (this.#rest.length < framing.length) return undefined
      return this.#whole(head, this.#rest.toString('utf8', 0, framing.length), framing.length)
    }
    if (framing.kind === 'until-end') return undefined
    const chunked = unchunk(this.#rest)
    return chunked && this.#whole(head, chunked.body, chunked.length)
  }

  #whole({ status, reusable }: Head, body: string, length: number): HttpAnswer {
    // Bytes beyond the answer belong to nothing that was asked; such a connection is not to be trusted again.
    const more = this.#rest.length > length
    this.#head = undefined
    this.#rest = NOTHING
    return { status, body, reusable: reusable && !more }
  }
}

function headOf(text: string): Head {
  const [, version, digits] = /^HTTP\/(1\.[01]) (\d{3})(?: |\r|$)/.exec(text) ?? []
  if (digits === undefined) throw new BadAnswer('it is not HTTP/1.1')
  const status = Number(digits)
  const connection = fieldOf(text, 'connection')?.toLowerCase()
  const persistent = version === '1.1' ? connection !== 'close' : connection === 'keep-alive'
  if (status < 200 || status === 204 || status === 304) {
    return { status, reusable: persistent, framing: { kind: 'length', length: 0 } }
  }
  if (fieldOf(text, 'transfer-encoding')?.toLowerCase().endsWith('chunked')) {
    return { status, reusable: persistent, framing: { kind: 'chunked' } }
  }
  const length = fieldOf(text, 'content-length')
  if (length === undefined) return { status, reusable: false, framing: { kind: 'until-end' } }
  if (!/^\d{1,15}$/.test(length)) throw new BadAnswer('its Content-Length is no number')
  return { status, reusable: persistent, framing: { kind: 'length', length: Number(length) } }
}

/** One pattern each, made once: heads are read for every request. */
const FIELDS: Readonly<Record<'connection' | 'content-length' | 'transfer-encoding', RegExp>> = {
  connection: /\r\nconnection:[ \t]*([^\r]*?)[ \t]*(?:\r|$)/i,
  'content-length': /\r\ncontent-length:[ \t]*([^\r]*?)[ \t]*(?:\r|$)/i,
  'transfer-encoding': /\r\ntransfer-encoding:[ \t]*([^\r]*?)[ \t]*(?:\r|$)/i,
}

const fieldOf = (head: string, name: keyof typeof FIELDS): string | undefined => FIELDS[name].exec(head)?.[1]

/** The body of a chunked answer and how many bytes it took; undefined while it is not whole. */
function unchunk(bytes: Buffer): { body: string; length: number } | undefined {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const digits = /^([0-9a-f]{1,8})(?:[ \t;].*)?$/i.exec(bytes.toString('latin1', at, lineEnd))?.[1]
    if (digits === undefined) throw new BadAnswer('a chunk has no length')
    const size = Number.parseInt(digits, 16)
    const begin = lineEnd + 2
    if (size === 0) {
      // Trailer fields, if any, end with an empty line.
      const end = bytes.subarray(begin, begin + 2).equals(LINE_END) ? begin : afterTrailers(bytes, begin)
      return end < 0 || bytes.length < end + 2
        ? undefined
        : { body: Buffer.concat(parts).toString('utf8'), length: end + 2 }
    }
    if (bytes.length < begin + size + 2) return undefined
    parts.push(bytes.subarray(begin, begin + size))
    at = begin + size + 2
  }
}

const LINE_END = Buffer.from('\r\n')

function afterTrailers(bytes: Buffer, begin: number): number {
  const end = bytes.indexOf(HEAD_END, begin)
  return end < 0 ? -1 : end + 2
}
