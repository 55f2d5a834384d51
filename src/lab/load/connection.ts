/**
 * One keep-alive connection with at most one request under way. Opened when it is first used and again after it was
 * closed; what it reports keeps apart what surely did not leave from what may have arrived.
 *
 *   closed ──send──▶ busy ──answer──▶ idle ──send──▶ busy          any ──socket gone──▶ closed
 *
 * Owns its socket. `close` ends it without a word.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { AnswerReader, type HttpAnswer } from './http-answer.ts'

export interface Peer {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

export interface Heard {
  answered(connection: Connection, answer: HttpAnswer): void
  /** No answer came. `sent`: the request may have arrived; otherwise there was not even a connection. */
  broke(connection: Connection, sent: boolean, why: string): void
}

export class Connection {
  readonly #peer: Peer
  readonly #heard: Heard
  #socket: Socket | undefined
  #reader = new AnswerReader()
  #busy = false
  #open = false
  #why = ''

  constructor(peer: Peer, heard: Heard) {
    this.#peer = peer
    this.#heard = heard
  }

  /** Only while none is under way. */
  send(request: string): void {
    this.#busy = true
    this.#socket ??= this.#connect()
    this.#socket.write(request)
  }

  /** Gives up on the request under way: nobody waits for its answer any more. */
  abandon(why: string): void {
    this.#why = why
    this.#socket?.destroy()
  }

  close(): void {
    this.#busy = false
    this.#socket?.destroy()
  }

  #connect(): Socket {
    const { host, port, tls } = this.#peer
    const socket = tls ? connectTls({ host, port, servername: host }) : connectTcp({ host, port })
    socket.setNoDelay(true)
    this.#reader = new AnswerReader()
    this.#open = false
    this.#why = ''
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      this.#open = true
    })
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => {
      const answer = this.#reader.end()
      if (answer) this.#answered(answer)
      else this.#why ||= 'the connection was closed'
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#why ||= error.code ?? error.message
    })
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
      if (!this.#busy) return
      this.#busy = false
      this.#heard.broke(this, this.#open, this.#why || 'the connection was closed')
    })
    return socket
  }

  #read(chunk: Buffer): void {
    try {
      const answer = this.#reader.read(chunk)
      if (answer) this.#answered(answer)
    } catch (error) {
      this.abandon(`not an answer: ${(error as Error).message}`)
    }
  }

  #answered(answer: HttpAnswer): void {
    // An answer to nothing (a time-out notice on an idle connection) tells only that it is about to be closed.
    if (!this.#busy || !answer.reusable) {
      const socket = this.#socket
      this.#socket = undefined
      socket?.removeAllListeners('close')
      socket?.destroy()
    }
    if (!this.#busy) return
    this.#busy = false
    this.#heard.answered(this, answer)
  }
}

/** Resolves when a connection can be made; rejects with the reason when not, or not within the time. */
export function reach({ host, port }: Peer, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port })
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer in time')))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}
