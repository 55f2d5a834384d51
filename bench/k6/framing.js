/**
 * The text framing of Socket.IO over one WebSocket (Engine.IO protocol 4, Socket.IO protocol 5), by hand, because k6 has
 * no Socket.IO client. No imports: k6 and Node both load it as it is.
 *
 *   server `0{…}` (open) → client `40{"token":…}` → server `40{"sid":…}` (connected) or `44{"message":…}` (refused)
 *   client `42["join-queue",{"eventId":"1"}]`, or `420[…]` to be answered by `430[…]`
 *   server `42["queue-updated",{…}]` · server `2` (ping) → client `3`
 */

/** The address of the WebSocket below the one of the room. */
export function socketUrl(apiUrl) {
  return `${apiUrl.replace(/^http/, 'ws').replace(/\/+$/, '')}/socket.io/?EIO=4&transport=websocket`
}

export function connectFrame(auth) {
  return `40${JSON.stringify(auth)}`
}

/** `ack`: a number that comes back in the acknowledgement; leave it out for none. */
export function eventFrame(name, payload, ack) {
  return `42${ack === undefined ? '' : ack}${JSON.stringify([name, payload])}`
}

/** What a message from the server is; `unknown` for what no room sends in text. */
export function parseFrame(text) {
  if (text === '2') return { kind: 'ping' }
  if (text === '1') return { kind: 'close' }
  if (text[0] === '0') return { kind: 'open', payload: parsed(text.slice(1)) }
  if (text[0] !== '4') return { kind: 'unknown' }
  const [, type = '', id = '', body = ''] = /^4(\d)(\d*)([\s\S]*)$/.exec(text) || []
  const payload = parsed(body)
  if (type === '0') return { kind: 'connected', payload }
  if (type === '1') return { kind: 'disconnected' }
  if (type === '4') return { kind: 'refused', payload }
  if (!Array.isArray(payload)) return { kind: 'unknown' }
  if (type === '2') return { kind: 'event', name: String(payload[0]), payload: payload[1] }
  if (type === '3') return { kind: 'ack', ack: Number(id), payload: payload[0] }
  return { kind: 'unknown' }
}

/** The answer that a message needs before anything else; undefined = none. */
export function answerTo(frame, auth) {
  if (frame.kind === 'ping') return '3'
  if (frame.kind === 'open') return connectFrame(auth)
  return undefined
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
