/** The guard in a shop: real Fastify and real `node:http` (which Express is), the keys fetched and kept. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import fastify from 'fastify'
import {
  expressPass,
  fastifyPass,
  KeySource,
  newPassKey,
  type Pass,
  PassSigner,
} from '../../../src/waiting-room/index.ts'

const NOW = 1_700_000_000_000
const ISSUER = 'https://room.example'
const signer = new PassSigner(ISSUER, [newPassKey(NOW)], () => 'id')
const claims = { event: 'concert-1', visitor: 'user-7', ticket: 41, epoch: 1 }
const token = signer.issue(claims, NOW + 600_000, NOW)
const options = {
  issuer: ISSUER,
  event: 'concert-1',
  keys: signer.keySet,
  roomUrl: 'https://room.example/e/concert-1',
  now: () => NOW + 1_000,
}

test('Fastify: a pass in the header or the cookie opens the route, and the route knows whose it is', async (t) => {
  const app = fastify()
  t.after(() => app.close())
  app.addHook('preHandler', fastifyPass(options))
  app.get('/buy', async (request) => ({ visitor: (request as { pass?: Pass }).pass?.visitor }))
  const ways = [{ 'weir-pass': token }, { cookie: `a=b; __Host-weir-pass=${token}; c` }]
  for (const headers of ways) {
    const response = await app.inject({ url: '/buy', headers })
    assert.deepEqual([response.statusCode, response.json()], [200, { visitor: 'user-7' }])
  }
  const refused = await app.inject({ url: '/buy', headers: { 'weir-pass': `${token}x` } })
  assert.equal(refused.statusCode, 403)
  assert.deepEqual(refused.json(), {
    title: 'A pass of the waiting room is needed',
    code: 'pass_needed',
    reason: 'malformed',
  })
  assert.match(String(refused.headers['content-type']), /^application\/problem\+json/)
  assert.equal(refused.headers['cache-control'], 'no-store')
})

test('Fastify: a browser without a pass is sent to the waiting room, its form is refused', async (t) => {
  const app = fastify()
  t.after(() => app.close())
  app.addHook('preHandler', fastifyPass(options))
  app.get('/buy', async () => 'sold')
  app.post('/buy', async () => 'sold')
  const headers = { accept: 'text/html,application/xhtml+xml' }
  const page = await app.inject({ url: '/buy', headers })
  assert.deepEqual([page.statusCode, page.headers.location], [302, options.roomUrl])
  assert.equal((await app.inject({ method: 'POST', url: '/buy', headers })).statusCode, 403)
})

test('Express: the same by its own shape, with the event read from the request', async (t) => {
  const guard = expressPass({ ...options, event: ({ url }) => url?.split('/')[1] ?? '' })
  const server = createServer((request: IncomingMessage & { pass?: Pass }, response) => {
    guard(request, response, (error) => response.end(error ? 'failed' : `for ${request.pass?.visitor}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  const get = (path: string, headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' })
  assert.equal(await (await get('/concert-1', { 'weir-pass': token })).text(), 'for user-7')
  const other = await get('/concert-2', { 'weir-pass': token })
  assert.deepEqual([other.status, ((await other.json()) as { reason: string }).reason], [403, 'event'])
  const page = await get('/concert-1', { accept: 'text/html' })
  assert.deepEqual([page.status, page.headers.get('location')], [302, options.roomUrl])
  await page.body?.cancel()
})

/** A waiting room that serves its keys, or does not. */
function publisher() {
  const state = { set: signer.keySet as unknown, up: true, asked: 0 }
  const fetch_ = async (): Promise<Response> => {
    state.asked++
    if (!state.up) throw new TypeError('fetch failed')
    return Response.json(state.set)
  }
  return { state, fetch: fetch_ as typeof fetch }
}

test('keys are fetched once, kept while the room is away, and fetched anew for a key never seen', async () => {
  const { state, fetch } = publisher()
  let now = NOW
  const source = new KeySource({ url: 'https://room.example/jwks', now: () => now, fetch })
  const kid = signer.keySet.keys[0]?.kid
  const several = await Promise.all([source.keysFor(kid), source.keysFor(kid), source.keysFor(kid)])
  for (const set of several) assert.equal(set.keys[0]?.kid, kid)
  assert.equal(state.asked, 1, 'together')
  state.up = false
  now += 3_600_000
  assert.equal((await source.keysFor(kid)).keys.length, 1)
  assert.equal(state.asked, 1, 'a known key needs no request')
  assert.equal((await source.keysFor('unknown')).keys.length, 1, 'those known stay')
  assert.equal(state.asked, 2)
  state.up = true
  const next = new PassSigner(ISSUER, [newPassKey(NOW)], () => 'id')
  state.set = next.keySet
  now += 30_000
  const fresh = await source.keysFor(next.keySet.keys[0]?.kid)
  assert.equal(fresh.keys[0]?.kid, next.keySet.keys[0]?.kid)
})

test('invented keys do not become requests, and what is no key set changes nothing', async () => {
  const { state, fetch } = publisher()
  let now = NOW
  const source = new KeySource({ url: 'https://room.example/jwks', now: () => now, fetch })
  for (let i = 0; i < 1_000; i++) await source.keysFor(`invented-${i}`)
  assert.equal(state.asked, 1)
  for (const set of [
    null,
    5,
    [],
    { keys: 'x' },
    { keys: [null, 5] },
    { keys: [] },
    { keys: 'x'.repeat(70_000) },
  ]) {
    state.set = set
    now += 30_000
    const { keys } = await source.keysFor('unknown')
    assert.deepEqual(keys, signer.keySet.keys)
  }
  assert.equal(state.asked, 8)
})
