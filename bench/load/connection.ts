/** One keep-alive connection with at most one request under way. */
import { connect, type Socket } from 'node:net'
import { AnswerReader } from './answers.ts'

export interface Heard {
  /** `status` 0: the connection broke under the request. */
  answered(connection: Connection, status: number): void
}

export class Connection {
  readonly #next: () => Buffer
  readonly #heard: Heard
  readonly #port: number
  #socket: Socket
  /** When the request under way was meant to be sent; NaN = none. */
  intendedAt = Number.NaN

  /** `next`: the request to send. */
  constructor(port: number, next: () => Buffer, heard: Heard) {
    this.#port = port
    this.#next = next
    this.#heard = heard
    this.#socket = this.#open()
  }

  send(intendedAt: number): void {
    this.intendedAt = intendedAt
    this.#socket.write(this.#next())
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    const reader = new AnswerReader()
    socket.on('data', (chunk) => {
      for (const status of reader.read(chunk)) this.#heard.answered(this, status)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#socket = this.#open()
      if (!Number.isNaN(this.intendedAt)) this.#heard.answered(this, 0)
    })
    return socket
  }
}

export function httpRequest(port: number, path: string, body: string, token?: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}
