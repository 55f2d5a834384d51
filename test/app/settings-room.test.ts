/** The waiting room's settings: what starts where, and the one line when it may not. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadSettings, resolveSettings } from '../../src/app/index.ts'
import { WeirError } from '../../src/core/index.ts'
import { weir } from '../fixtures/weir-process.ts'
import { SECRET } from './room-process.ts'

const HOSTED = { HOST_JWT_ISSUER: 'i', HOST_JWT_AUDIENCE: 'a', HOST_JWT_JWKS_URL: 'https://h/keys' }

describe('refused with one line that names the variable', () => {
  type Sources = Parameters<typeof resolveSettings>[0]
  const cases: [string, Sources, RegExp][] = [
    ['no secret in the role', { role: 'room' }, /^JWT_SECRET must be set.*the role room$/],
    [
      'no secret where others can reach it',
      { environment: { HOST: '0.0.0.0' } },
      /^JWT_SECRET must be set.*HOST 0\.0\.0\.0.*or set ROOM_PORT to off$/,
    ],
    [
      'a short secret',
      { environment: { JWT_SECRET: 'kT9-vQ2-mZ7' } },
      /^JWT_SECRET must be at least 32 random/,
    ],
    [
      'a secret that everybody knows',
      { environment: { JWT_SECRET: 'your-super-secret-jwt-key-change-this-in-production' } },
      /^JWT_SECRET must be .*none that everybody knows/,
    ],
    ['a mail without a password', { environment: { ADMIN_EMAIL: 'a@b' } }, /^ADMIN_PASSWORD must be set/],
    [
      'a password without a mail',
      { environment: { ADMIN_PASSWORD: '12345678' } },
      /^ADMIN_EMAIL must be set/,
    ],
    [
      'an admin who could not log in',
      { environment: { ...HOSTED, ADMIN_EMAIL: 'a@b', ADMIN_PASSWORD: '12345678' } },
      /^JWT_SECRET must be set where ADMIN_EMAIL is/,
    ],
    [
      'half a host',
      { environment: { HOST_JWT_ISSUER: 'i' } },
      /^HOST_JWT_AUDIENCE must be set where HOST_JWT_IS/,
    ],
    [
      'an end before the lease',
      { environment: { ROOM_LEASE_SEC: '600', ROOM_HARD_END_SEC: '60' } },
      /^ROOM_HARD_END_SEC must be at least ROOM_LEASE_SEC; found 60 and 600/,
    ],
    [
      'two who set the rate',
      { environment: { ROOM_FOLLOW_TYPES: 'MNP', ROOM_RATE_PER_MINUTE: '5' } },
      /^ROOM_RATE_PER_MINUTE must be 0/,
    ],
    [
      'least above most',
      { environment: { ROOM_FOLLOW_TYPES: 'MNP', ROOM_FOLLOW_MAX_PER_MINUTE: '5' } },
      /^ROOM_FOLLOW_MIN_PER_MINUTE must be at most/,
    ],
    [
      'an unknown type',
      { environment: { ROOM_FOLLOW_TYPES: 'MPN' } },
      /^ROOM_FOLLOW_TYPES must be.*found MPN/,
    ],
    [
      'following without a queue',
      { role: 'room', environment: { JWT_SECRET: SECRET, ROOM_FOLLOW_TYPES: 'MNP' } },
      /^ROOM_FOLLOW_TYPES must be unset in the role room/,
    ],
    [
      'a room without a port',
      { role: 'room', environment: { JWT_SECRET: SECRET, ROOM_PORT: 'off' } },
      /^ROOM_PORT must be a port/,
    ],
    ['one port twice', { environment: { ROOM_PORT: '8000' } }, /^ROOM_PORT must differ from API_PORT/],
    ['no network', { environment: { TRUSTED_PROXIES: '10.0.0.0/33' } }, /^TRUSTED_PROXIES must be addresses/],
    ['no address', { environment: { TRUSTED_PROXIES: '300.1.1.1' } }, /^TRUSTED_PROXIES must be addresses/],
    ['a star', { environment: { ALLOWED_ORIGINS: '*' } }, /^ALLOWED_ORIGINS must be origins/],
  ]
  for (const [name, sources, wanted] of cases) {
    test(name, () => {
      assert.throws(
        () => resolveSettings(sources),
        (error: unknown) => {
          assert.ok(error instanceof WeirError && error.code === 'invalid_setting', String(error))
          assert.match(error.message, wanted)
          return !error.message.includes('\n')
        },
      )
    })
  }
})

test('started: on this machine alone without a secret; elsewhere with one, with a host, or without a room', () => {
  const starts: Parameters<typeof resolveSettings>[0][] = [
    {},
    { environment: { HOST: 'localhost' } },
    { environment: { HOST: '::1' } },
    { environment: { HOST: '0.0.0.0', ROOM_PORT: 'off' } },
    { environment: { HOST: '0.0.0.0', JWT_SECRET: SECRET } },
    { environment: { HOST: '0.0.0.0', ...HOSTED } },
    { role: 'room', environment: { JWT_SECRET: SECRET } },
    { role: 'room', environment: { JWT_SECRET: SECRET, API_PORT: '3001' } },
    { role: 'gateway', environment: { RABBITMQ_URL: 'amqp://b', ROOM_PORT: '8000' } },
  ]
  for (const sources of starts) assert.doesNotThrow(() => resolveSettings(sources), JSON.stringify(sources))
  const { host, roomAutoCreate, healthCheckPort } = loadSettings({
    role: 'room',
    environment: { JWT_SECRET: SECRET },
  })
  assert.deepEqual([host, roomAutoCreate, healthCheckPort], ['0.0.0.0', false, 8080])
})

test('the command says it in one line, too', async () => {
  const { code, stdout, stderr } = await weir(['room'], {})
  assert.deepEqual([code, stdout, stderr.trim().split('\n').length], [1, '', 1])
  assert.match(stderr, /^weir: JWT_SECRET must be set/)
})
