/**
 * The least of a Socket.IO client over WebSocket (RFC 6455, Engine.IO 4), so that thousands fit into one process: it
 * answers pings, joins one event, and counts every byte and frame that comes.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export class RawSocket {
  /** Messages of the room, without pings and what belongs to connecting. */
  frames = 0
  /** All that came over the wire, headers included. */
  bytes = 0
  entries = 0
  readonly joined: Promise<void>
  readonly #socket: Socket
  readonly #join: { readonly token: string; readonly eventId: string }
  #rest: Buffer = Buffer.alloc(0)
  #upgraded = false
  #resolve = (): void => {}
  #reject = (_: Error): void => {}

  constructor(port: number, token: string, eventId: string) {
    this.#join = { token, eventId }
    this.joined = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#heard(chunk))
    this.#socket.on('error', (error) => this.#reject(error))
    this.#socket.on('close', () => this.#reject(new Error('the server closed the connection')))
    const head = [
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ]
    this.#socket.write(`${head.join('\r\n')}\r\n\r\n`)
  }

  close(): void {
    this.#socket.destroy()
  }

  #heard(chunk: Buffer): void {
    this.bytes += chunk.length
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    if (!this.#upgraded) {
      const end = this.#rest.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!this.#rest.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101')))
        return this.#reject(new Error(this.#rest.subarray(0, end).toString()))
      this.#upgraded = true
      this.#rest = this.#rest.subarray(end + 4)
    }
    for (let text = this.#next(); text !== undefined; text = this.#next()) this.#message(text)
  }

  /** Of whole, unmasked text frames; the room sends no others. */
  #next(): string | undefined {
    const { length } = this.#rest
    if (length < 2) return undefined
    const short = (this.#rest[1] ?? 0) & 0x7f
    const head = short === 126 ? 4 : short === 127 ? 10 : 2
    if (length < head) return undefined
    const size =
      short === 126
        ? this.#rest.readUInt16BE(2)
        : short === 127
          ? Number(this.#rest.readBigUInt64BE(2))
          : short
    if (length < head + size) return undefined
    const text = this.#rest.toString('utf8', head, head + size)
    this.#rest = this.#rest.subarray(head + size)
    return text
  }

  #message(text: string): void {
    if (text === '2') return this.#send('3')
    const { token, eventId } = this.#join
    if (text.startsWith('0')) return this.#send(`40${JSON.stringify({ token })}`)
    if (text.startsWith('40')) return this.#send(`420["join-queue",${JSON.stringify({ eventId })}]`)
    if (text.startsWith('44')) return this.#reject(new Error(text))
    if (text.startsWith('430')) return this.#resolve()
    this.frames++
    if (text.startsWith('42["queue-entry-allowed"')) this.entries++
  }

  #send(text: string): void {
    const body = Buffer.from(text)
    const mask = randomBytes(4)
    const head =
      body.length < 126
        ? Buffer.from([0x81, 0x80 | body.length])
        : Buffer.from([0x81, 0x80 | 126, body.length >> 8, body.length & 0xff])
    for (let i = 0; i < body.length; i++) body[i] = (body[i] ?? 0) ^ (mask[i & 3] ?? 0)
    this.#socket.write(Buffer.concat([head, mask, body]))
  }
}
