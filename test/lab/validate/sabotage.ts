/**
 * Proxies that spoil a service from outside, so that the product needs no hooks: between the service and its back end,
 * or before its API. Each forwards over real sockets and does one thing wrong.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Spoiler extends AsyncDisposable {
  readonly url: string
  /** How often it did what it is for. */
  readonly spoilt: () => number
  /** The names of the messages that it did it to, as the load calls them. */
  readonly names: () => readonly string[]
}

interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: Buffer
}

type Way = (call: Call, forward: (call: Call) => Promise<void>, spoilt: () => void) => Promise<void>

async function startProxy(target: string, way: Way): Promise<Spoiler> {
  const names: string[] = []
  const forward = (call: Call) => passOn(target, call)
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    await way({ request, response, body }, forward, () => names.push(nameIn(body))).catch(() =>
      response.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoilt: () => names.length,
    names: () => names,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const nameIn = (body: Buffer): string => /weir-load (\S+?\/\d+)/.exec(body.toString())?.[1] ?? ''

async function passOn(target: string, { request: { method, url, headers }, response, body }: Call) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const onward = request(new URL(url ?? '/', target), { method: method ?? 'GET', headers })
    onward.once('response', resolve).once('error', reject).end(body)
  })
  const content = await buffer(answer)
  if (response.headersSent) return
  response.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-length': content.length })
  response.end(content)
}

/** A pacer with fixed windows: the first call after one begins the next, and all that came in it leave at its end. */
export function inWindows(target: string, windowMs: number): Promise<Spoiler> {
  let end = 0
  return startProxy(target, async (call, forward, spoilt) => {
    const now = performance.now()
    if (now >= end) end = now + windowMs
    await sleep(end - now)
    spoilt()
    await forward(call)
  })
}

/** A queue that loses one message in so many: the client gets its 202, nobody gets the message. */
export function losing(target: string, every: number): Promise<Spoiler> {
  let messages = 0
  return startProxy(target, async (call, forward, spoilt) => {
    const isMessage = call.request.method === 'POST' && call.request.url === '/api/message'
    if (!isMessage || ++messages % every !== 0) return forward(call)
    spoilt()
    const id = '01900000-0000-7000-8000-000000000000'
    call.response.writeHead(202, { 'content-type': 'application/json' })
    call.response.end(JSON.stringify({ id, type: 'ORDER', queue: 'q', acceptedAt: new Date().toISOString() }))
  })
}

/** Delivers one message in so many a second time, under another id, so that no back end can know it again. */
export function doubling(target: string, every: number): Promise<Spoiler> {
  let messages = 0
  return startProxy(target, async (call, forward, spoilt) => {
    await forward(call)
    if (++messages % every !== 0) return
    spoilt()
    const { id, ...message } = JSON.parse(call.body.toString()) as { id: string }
    const other = id.replace(/.{4}$/, 'dddd')
    const body = Buffer.from(JSON.stringify({ ...message, id: other }))
    const headers = { ...call.request.headers, 'weir-message-id': other, 'idempotency-key': other }
    const again = { ...call.request, headers: { ...headers, 'content-length': String(body.length) } }
    await forward({
      ...call,
      body,
      request: { ...again, method: 'POST', url: '/' } as unknown as IncomingMessage,
    })
  })
}
