/** Passes: what is signed is believed, and nothing else is, however it is dressed up. */
import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import {
  newPassKey,
  type PassExpectation,
  PassSigner,
  rotated,
  verifyPass,
} from '../../../src/waiting-room/index.ts'
import { chances, fc } from '../../fixtures/seed.ts'

const NOW = 1_700_000_000_000
const ISSUER = 'https://room.example'
const key = newPassKey(NOW)
let ids = 0
const signer = new PassSigner(ISSUER, [key], () => `id-${++ids}`)
const claims = { event: 'concert-1', visitor: 'user-7', ticket: 41, epoch: 2 }
const token = signer.issue(claims, NOW + 600_000, NOW)

const expected = (more: Partial<PassExpectation> = {}): PassExpectation => ({
  keys: signer.keySet,
  issuer: ISSUER,
  event: 'concert-1',
  now: NOW + 1_000,
  ...more,
})
const reason = (pass: string, more: Partial<PassExpectation> = {}): string => {
  const verdict = verifyPass(pass, expected(more))
  return verdict.ok ? 'ok' : verdict.reason
}
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const [header = '', payload = '', signature = ''] = token.split('.')
const body = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>

/** Signed with the right key: only the claims are wrong. */
function signedBy(secret: typeof key, changed: object, head: object = {}): string {
  const first = encoded({ alg: 'EdDSA', typ: 'JWT', kid: secret.kid, ...head })
  const signed = `${first}.${encoded({ ...body, ...changed })}`
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: secret.x, d: secret.d }
  return `${signed}.${sign(null, Buffer.from(signed), { key: jwk, format: 'jwk' }).toString('base64url')}`
}

test('a pass says for whom, for which event and until when, and is checked with the published key alone', () => {
  const verdict = verifyPass(token, expected())
  assert.ok(verdict.ok)
  assert.deepEqual(verdict.pass, {
    ...claims,
    id: 'id-1',
    issuedAt: NOW / 1000,
    expiresAt: (NOW + 600_000) / 1000,
  })
  assert.doesNotMatch(JSON.stringify(signer.keySet), new RegExp(key.d), 'the private part stays')
  assert.deepEqual(Object.keys(signer.keySet.keys[0] ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
})

test('alg none is refused, with and without a signature, in any spelling', () => {
  for (const alg of ['none', 'None', 'NONE', '', null, undefined, ['EdDSA']]) {
    const head = encoded({ alg, typ: 'JWT', kid: key.kid })
    for (const tail of [signature, 'AA']) assert.equal(reason(`${head}.${payload}.${tail}`), 'algorithm')
    assert.equal(reason(`${head}.${payload}.`), 'malformed')
  }
})

test('the public key is no HMAC secret, and a key of another kind no key of ours', () => {
  const head = encoded({ alg: 'HS256', typ: 'JWT', kid: key.kid })
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.x }
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  for (const secret of [pem, key.x, Buffer.from(key.x, 'base64url')]) {
    const mac = createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url')
    assert.equal(reason(`${head}.${payload}.${mac}`), 'algorithm')
  }
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    const signed = `${encoded({ alg, typ: 'JWT', kid: 'rsa' })}.${payload}`
    const tail = sign('sha256', Buffer.from(signed), rsa.privateKey).toString('base64url')
    const keys = { keys: [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', kty: 'RSA' }] }
    assert.equal(reason(`${signed}.${tail}`, { keys }), alg === 'EdDSA' ? 'unknown_key' : 'algorithm')
  }
})

test('a key that came with the token is not looked at, nor is one for another use', () => {
  const foreign = newPassKey(NOW)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: foreign.x, kid: key.kid }
  assert.equal(reason(signedBy(foreign, {}, { kid: key.kid, jwk })), 'signature')
  assert.equal(reason(signedBy(foreign, {}, { jku: 'https://evil.example/jwks.json' })), 'unknown_key')
  assert.equal(reason(signedBy(key, {}, { crit: ['exp'] })), 'algorithm')
  const others = [{ use: 'enc' }, { alg: 'HS256' }, { crv: 'X25519' }, { kty: 'oct' }, { x: 'short' }]
  for (const other of others) {
    const keys = { keys: signer.keySet.keys.map((one) => ({ ...one, ...other })) }
    assert.equal(reason(token, { keys }), 'unknown_key')
  }
  assert.equal(reason(token, { keys: { keys: [] } }), 'unknown_key')
})

test('no changed character anywhere passes', () => {
  const place = fc.nat(token.length - 1)
  const character = fc.constantFrom(
    ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ',
  )
  fc.assert(
    fc.property(place, character, (at, other) => {
      const altered = token.slice(0, at) + other + token.slice(at + 1)
      if (altered !== token) assert.notEqual(reason(altered), 'ok')
    }),
    chances(2_000),
  )
})

test('whatever is handed in as a token, the answer is a refusal and never a fault', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.jsonValue()), (anything) => {
      assert.notEqual(reason(anything as string), 'ok')
    }),
    chances(300),
  )
  for (const odd of ['', '.', '..', '...', 'a.b.c', `${token}.`, `.${token}`, `${token}=`, ` ${token}`]) {
    assert.equal(reason(odd), 'malformed', odd)
  }
  assert.equal(reason(`${header}.${payload}.${'A'.repeat(1_000_000)}`), 'malformed')
  const odd = [undefined, null, {}, [], 5, { toString: () => token }] as unknown as string[]
  for (const one of odd) assert.equal(reason(one), 'malformed')
})

test('a pass opens its own event, for its own visitor, from its own issuer', () => {
  assert.equal(reason(token, { event: 'concert-2' }), 'event')
  assert.equal(reason(token, { issuer: 'https://other.example' }), 'issuer')
  assert.equal(reason(token, { visitor: 'user-7' }), 'ok')
  assert.equal(reason(token, { visitor: 'user-8' }), 'visitor')
  assert.equal(reason(signedBy(key, { aud: ['concert-1', 'concert-2'] })), 'malformed')
  assert.equal(reason(token, { binding: 'b' }), 'binding')
  const bound = signer.issue({ ...claims, binding: 'b' }, NOW + 600_000, NOW)
  assert.equal(reason(bound, { binding: 'b' }), 'ok')
  assert.equal(reason(bound, { binding: 'c' }), 'binding')
})

test('a pass of before a clearing is refused by who asks for the epoch', () => {
  assert.equal(reason(token, { epoch: 2 }), 'ok')
  assert.equal(reason(token, { epoch: 3 }), 'epoch')
})

test('a pass ends when it says, with at most 30 seconds for clocks that differ', () => {
  const end = NOW + 600_000
  assert.equal(reason(token, { now: end - 1, leewaySeconds: 0 }), 'ok')
  assert.equal(reason(token, { now: end, leewaySeconds: 0 }), 'expired')
  assert.equal(reason(token, { now: end + 4_999 }), 'ok')
  assert.equal(reason(token, { now: end + 5_000 }), 'expired')
  assert.equal(reason(token, { now: end + 29_999, leewaySeconds: 3_600 }), 'ok')
  assert.equal(reason(token, { now: end + 30_000, leewaySeconds: 3_600 }), 'expired')
  assert.equal(reason(token, { now: Number.NaN }), 'expired')
  assert.equal(reason(token, { now: end + 1, leewaySeconds: Number.NaN }), 'expired')
  assert.equal(reason(token, { now: NOW - 6_000 }), 'not_yet')
  assert.equal(reason(signedBy(key, { nbf: NOW / 1000 + 60 })), 'not_yet')
})

test('a pass without one of its claims, or with one of another kind, is none', () => {
  for (const name of ['aud', 'sub', 'tkt', 'epoch', 'iat', 'nbf', 'exp', 'jti']) {
    for (const value of [undefined, null, '', -1, 1.5, {}, [], true]) {
      assert.equal(reason(signedBy(key, { [name]: value })), 'malformed', `${name} ${value}`)
    }
  }
  assert.equal(reason(signedBy(key, { exp: '9999999999' })), 'malformed')
  assert.equal(reason(signedBy(key, { cnf: 5 })), 'malformed')
  assert.equal(reason(signedBy(key, {})), 'ok', 'the test signs rightly')
})

test('after a rotation the new key signs, and passes of the old one are good until they have all expired', () => {
  const longest = 600_000
  const next = newPassKey(NOW + 1_000_000)
  const keys = rotated([key], next, longest, NOW + 1_000_000)
  assert.deepEqual(
    keys.map(({ kid }) => kid),
    [next.kid, key.kid],
  )
  const after = new PassSigner(ISSUER, keys, () => 'id')
  const fresh = after.issue(claims, NOW + 1_500_000, NOW + 1_000_000)
  assert.equal(reason(fresh, { keys: after.keySet, now: NOW + 1_000_000 }), 'ok')
  assert.equal(reason(token, { keys: after.keySet }), 'ok')
  assert.equal(reason(fresh, { now: NOW + 1_000_000 }), 'unknown_key', 'who has the old set must fetch')
  const third = newPassKey(NOW + 2_000_000)
  const later = rotated(keys, third, longest, NOW + 2_000_000)
  assert.deepEqual(
    later.map(({ kid }) => kid),
    [third.kid, next.kid],
    'the first one is withdrawn: what it signed has expired',
  )
  assert.notEqual(next.kid, key.kid)
})
