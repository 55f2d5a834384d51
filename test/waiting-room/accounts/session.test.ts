/** Sessions: ours and a host application's own, and everything that only looks like one. */
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import {
  type HostKey,
  hostedKeyId,
  type Identity,
  identifyHosted,
  Sessions,
  secretFault,
} from '../../../src/waiting-room/index.ts'
import { chances, fc } from '../../fixtures/seed.ts'

const NOW = 1_700_000_000_000
const SECRET = 'kT9#vQ2!mZ7@pL4$xR8%nB3^wY6&cD1*'
const HOUR = 3_600_000
const sessions = new Sessions(SECRET, HOUR)
const user: Identity = { visitor: 'u-1', email: 'a@b.c', name: 'Ann', role: 'user' }
const token = sessions.issue(user, NOW)
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const claimsOf = (jwt: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

function mac(head: object, claims: object, secret = SECRET, hash = 'sha256'): string {
  const signed = `${encoded(head)}.${encoded(claims)}`
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`
}

test('a session says who it is, until it ends', () => {
  assert.deepEqual(sessions.identify(token, NOW + HOUR - 1), user)
  assert.equal(sessions.identify(token, NOW + HOUR), undefined)
  assert.deepEqual(sessions.identify(sessions.issue({ ...user, role: 'admin' }, NOW), NOW)?.role, 'admin')
})

test('a token that was seen before ends all the same, and an altered one is another', () => {
  const token = sessions.issue(user, NOW)
  for (let i = 0; i < 3; i++) assert.deepEqual(sessions.identify(token, NOW + HOUR - 1_000), user)
  assert.equal(sessions.identify(token, NOW + HOUR), undefined)
  assert.equal(sessions.identify(`${token.slice(0, -2)}AA`, NOW), undefined)
  assert.deepEqual(sessions.identify(token, NOW), user, 'what was refused is not remembered')
})

test('another algorithm, another secret, another audience or a missing end is no session', () => {
  const head = { alg: 'HS256', typ: 'JWT' }
  const claims = claimsOf(token)
  assert.deepEqual(sessions.identify(mac(head, claims), NOW), user, 'the test signs rightly')
  const { exp: _, ...endless } = claims
  const forged: string[] = [
    `${encoded({ alg: 'none' })}.${encoded(claims)}.`,
    `${encoded({ alg: 'none' })}.${encoded(claims)}.AA`,
    mac({ alg: 'HS512' }, claims, SECRET, 'sha512'),
    mac({ alg: 'HS512' }, claims),
    mac({ ...head, crit: ['b64'] }, claims),
    mac(head, claims, 'another secret of the right length!!'),
    mac(head, { ...claims, aud: 'other' }),
    mac(head, { ...claims, iss: 'other' }),
    mac(head, { ...claims, role: 'root' }),
    mac(head, { ...claims, sub: '' }),
    mac(head, { ...claims, sub: { $ne: null } }),
    mac(head, { ...claims, exp: '9999999999' }),
    mac(head, { ...claims, nbf: 'soon' }),
    mac(head, { ...claims, nbf: NOW / 1000 + 60 }),
    mac(head, endless),
  ]
  for (const one of forged) assert.equal(sessions.identify(one, NOW), undefined, one)
})

test('no altered character and no other text is a session', () => {
  const other = fc.constantFrom(...'ABCXYZabcxyz0189-_.= ')
  fc.assert(
    fc.property(fc.nat(token.length - 1), other, (at, character) => {
      const altered = token.slice(0, at) + character + token.slice(at + 1)
      if (altered !== token) assert.equal(sessions.identify(altered, NOW), undefined)
    }),
    chances(1_000),
  )
  for (const odd of [undefined, null, 5, {}, [], '', '..', 'x'.repeat(100_000)]) {
    assert.equal(sessions.identify(odd as string, NOW), undefined)
  }
})

test('a secret that is short, even or known to everybody is named as such', () => {
  assert.equal(secretFault(SECRET), undefined)
  assert.match(secretFault('short') ?? '', /at least 32 bytes/)
  assert.match(secretFault('a'.repeat(40)) ?? '', /random/)
  assert.match(secretFault('your-secret-key-change-in-production') ?? '', /everybody knows/)
})

/** A host application with one key of each kind. */
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const jwk = (key: KeyObject, kid: string): HostKey => ({ ...key.export({ format: 'jwk' }), kid })
const keys = [jwk(rsa.publicKey, 'rsa'), jwk(ec.publicKey, 'ec'), jwk(ed.publicKey, 'ed')]
const options = {
  issuer: 'https://shop.example',
  audience: 'room',
  algorithms: ['RS256', 'ES256', 'EdDSA'] as const,
}
const claims = { iss: 'https://shop.example', aud: ['room', 'shop'], sub: 'host-7', exp: NOW / 1000 + 60 }
function hosted(alg: string, kid: string, key: KeyObject, more: object = {}): string {
  const signed = `${encoded({ alg, kid })}.${encoded({ ...claims, ...more })}`
  const digest = alg === 'EdDSA' ? null : 'sha256'
  const signature = sign(digest, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}
const rsaToken = hosted('RS256', 'rsa', rsa.privateKey)

test('a host’s token is accepted with the kinds of keys that the settings name', () => {
  const tokens = [rsaToken, hosted('ES256', 'ec', ec.privateKey), hosted('EdDSA', 'ed', ed.privateKey)]
  for (const one of tokens) {
    assert.deepEqual(identifyHosted(one, keys, options, NOW), {
      visitor: 'host-7',
      email: '',
      name: '',
      role: 'user',
    })
    assert.equal(identifyHosted(one, keys, { ...options, algorithms: [] }, NOW), undefined)
  }
  assert.equal(identifyHosted(rsaToken, keys, { ...options, algorithms: ['EdDSA'] }, NOW), undefined)
  assert.equal(hostedKeyId(rsaToken), 'rsa')
})

test('a host’s public key is no HMAC secret, and its kinds of keys are not mixed', () => {
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const none = `${encoded({ alg: 'none', kid: 'rsa' })}.${encoded(claims)}.AA`
  const forged = [mac({ alg: 'HS256', kid: 'rsa' }, claims, pem), none]
  forged.push(hosted('RS256', 'ec', rsa.privateKey), hosted('ES256', 'rsa', ec.privateKey))
  forged.push(hosted('RS256', 'unknown', rsa.privateKey), hosted('ES256', 'ec', rsa.privateKey))
  for (const one of forged) assert.equal(identifyHosted(one, keys, options, NOW), undefined, one)
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const weak = hosted('RS256', 'weak', small.privateKey)
  assert.equal(identifyHosted(weak, [jwk(small.publicKey, 'weak')], options, NOW), undefined)
})

test('another issuer, audience or time is refused, and only the named role makes an admin', () => {
  const key = rsa.privateKey
  const refused = [
    { iss: 'https://evil.example' },
    { aud: 'other' },
    { exp: NOW / 1000 - 1 },
    { exp: undefined },
    { sub: '' },
  ]
  for (const more of refused)
    assert.equal(identifyHosted(hosted('RS256', 'rsa', key, more), keys, options, NOW), undefined)
  const role = (more: object, adminRole?: string) => {
    const wanted = adminRole === undefined ? options : { ...options, adminRole }
    return identifyHosted(hosted('RS256', 'rsa', key, more), keys, wanted, NOW)?.role
  }
  assert.equal(role({ role: 'admin' }), 'user', 'nobody is an admin by the host’s word alone')
  assert.equal(role({ role: 'ops' }, 'ops'), 'admin')
  assert.equal(role({ roles: ['x', 'ops'] }, 'ops'), 'admin')
  assert.equal(role({ roles: 'ops' }, 'ops'), 'user')
  assert.equal(role({}, 'ops'), 'user')
})
