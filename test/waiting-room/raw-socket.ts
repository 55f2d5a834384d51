/**
 * The least of a Socket.IO client over WebSocket (RFC 6455, Engine.IO 4): what an attacker needs to log in and join, so
 * cheap that thousands fit into a test. It never answers a ping.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export class RawSocket {
  readonly socket: Socket
  /** All that the server said, headers included. */
  text = ''
  /** Logged in, refused or hung up on. */
  readonly settled: Promise<void>

  constructor(port: number, token: string) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.settled = new Promise((resolve) => {
      let sent = false
      this.socket.on('data', (chunk) => {
        this.text += chunk.toString('latin1')
        if (!sent && /\r\n\r\n[\s\S]*\{"sid"/.test(this.text)) {
          sent = true
          this.send(`40${JSON.stringify({ token })}`)
        }
        if (/4[04]\{[^}]*\}/.test(this.text.slice(this.text.indexOf('maxPayload')))) resolve()
      })
      this.socket.on('error', () => {})
      this.socket.on('close', () => resolve())
    })
    const head = [
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ]
    this.socket.write(`${head.join('\r\n')}\r\n\r\n`)
  }

  /** One masked text frame. */
  send(text: string): void {
    const body = Buffer.from(text)
    const mask = randomBytes(4)
    const head =
      body.length < 126
        ? Buffer.from([0x81, 0x80 | body.length])
        : Buffer.from([0x81, 0x80 | 126, body.length >> 8, body.length & 0xff])
    for (let i = 0; i < body.length; i++) body[i] = (body[i] ?? 0) ^ (mask[i & 3] ?? 0)
    this.socket.write(Buffer.concat([head, mask, body]))
  }
}
