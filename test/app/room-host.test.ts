/** A host application's own tokens, checked with the keys that it publishes. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { hostedIdentities } from '../../src/app/room-host.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'

async function host(t: TestContext) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const state = { keys: [] as object[], asked: 0 }
  state.keys.push({ ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' })
  const server = createServer((_, response) => {
    state.asked++
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: state.keys }))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  return { privateKey, state, url }
}

function signed(key: KeyObject, claims: object, kid = 'k1'): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'ES256', typ: 'JWT', kid })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

const settings = (hostJwtJwksUrl: string) => ({
  hostJwtIssuer: 'https://shop.example',
  hostJwtAudience: 'room',
  hostJwtJwksUrl,
  hostJwtAlgorithms: ['ES256'] as const,
  hostJwtAdminRole: 'ops',
})

test('whose a token is, and that nothing but the host may say so; its keys are fetched once', async (t) => {
  const { privateKey, state, url } = await host(t)
  const clock = new FakeClock()
  const identify = hostedIdentities(settings(url), clock)
  assert.ok(identify)
  const exp = clock.now() / 1000 + 60
  const claims = { iss: 'https://shop.example', aud: 'room', sub: 'shopper-1', exp }
  assert.deepEqual(await identify(signed(privateKey, claims)), {
    visitor: 'shopper-1',
    email: '',
    name: '',
    role: 'user',
  })
  assert.equal((await identify(signed(privateKey, { ...claims, roles: ['ops'] })))?.role, 'admin')
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const refused = [
    signed(other, claims),
    signed(privateKey, claims, 'k2'),
    signed(privateKey, { ...claims, aud: 'shop' }),
    signed(privateKey, { ...claims, iss: 'https://other.example' }),
    signed(privateKey, { ...claims, exp: exp - 120 }),
    'no.token.atall',
    '',
  ]
  for (const token of refused) assert.equal(await identify(token), undefined, token)
  assert.equal(state.asked, 1, 'tokens with invented keys are no requests')
})

test('keys that were never read: nobody is told apart, and it is said as our trouble', async (t) => {
  const { privateKey, state, url } = await host(t)
  const clock = new FakeClock()
  const kept = state.keys.splice(0)
  const identify = hostedIdentities(settings(url), clock)
  const token = signed(privateKey, {
    iss: 'https://shop.example',
    aud: ['room'],
    sub: 's',
    exp: clock.now() / 1000 + 600,
  })
  await assert.rejects(async () => identify?.(token), { code: 'storage_failed' })
  state.keys.push(...kept)
  await clock.advance(30_000)
  assert.equal((await identify?.(token))?.visitor, 's')
})

test('no host application: there is nothing to ask', () => {
  const nothing = { ...settings('http://127.0.0.1:9'), hostJwtIssuer: undefined }
  assert.equal(hostedIdentities(nothing, new FakeClock()), undefined)
})
