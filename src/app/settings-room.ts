/** The waiting room's rows of the settings table. Times are in the unit their name says. */
import { isIP } from 'node:net'
import { secretFault } from '../waiting-room/index.ts'
import { checkedText, choices, flag, integer, list, optionalPort, optionalText, text } from './setting.ts'

const DAY_S = 86_400
const isSecret = (secret: string): boolean => !/\s/.test(secret) && secretFault(secret) === undefined

/** An address, an address with a prefix, or a name that proxies' networks are known by. */
function isNetwork(word: string): boolean {
  if (/^(loopback|linklocal|uniquelocal)$/.test(word)) return true
  const [address = '', prefix, ...more] = word.split('/')
  const bits = { 4: 32, 6: 128 }[isIP(address)]
  if (bits === undefined || more.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
}

export const ROOM_SETTINGS = {
  roomPort: optionalPort({
    env: 'ROOM_PORT',
    default: 3001,
    description: 'Waiting room: port of its API, sockets and page; off = no waiting room in `weir up`.',
  }),
  queueThreshold: integer(1, 1_000_000, {
    env: 'QUEUE_THRESHOLD',
    default: 1000,
    unit: 'visitors',
    description:
      'Waiting room: visitors of one event who may be inside at once. Events whose operator has not set another ' +
      'one follow a change at the next start.',
  }),
  queueProcessorInterval: integer(100, 3_600_000, {
    env: 'QUEUE_PROCESSOR_INTERVAL',
    default: 10_000,
    unit: 'ms',
    description: 'Waiting room: how often visitors are let in.',
  }),
  admitEarly: flag({
    env: 'ADMIT_EARLY',
    default: false,
    description: 'Waiting room: use a freed place at once instead of at the next interval.',
  }),
  roomRatePerMinute: integer(0, 10_000_000, {
    env: 'ROOM_RATE_PER_MINUTE',
    default: 0,
    unit: 'visitors/min',
    description:
      'Waiting room: admissions to one event in any 60 s; 0 = no limit. Follows as QUEUE_THRESHOLD does.',
  }),
  roomFollowTypes: list((word) => /^[^\s,]{1,64}$/.test(word), 'message types, several with commas', {
    env: 'ROOM_FOLLOW_TYPES',
    description:
      'Waiting room: messages that visitors cause, whose wait slows the doors of all events (`weir up` only); none ' +
      'unless set.',
  }),
  roomFollowWaitSec: integer(1, DAY_S, {
    env: 'ROOM_FOLLOW_WAIT_SEC',
    default: 60,
    unit: 's',
    description: 'Waiting room: predicted wait of those messages from which on fewer visitors are let in.',
  }),
  roomFollowMinPerMinute: integer(1, 10_000_000, {
    env: 'ROOM_FOLLOW_MIN_PER_MINUTE',
    default: 10,
    unit: 'visitors/min',
    description: 'Waiting room: fewest admissions to one event, however long those messages wait.',
  }),
  roomFollowMaxPerMinute: integer(1, 10_000_000, {
    env: 'ROOM_FOLLOW_MAX_PER_MINUTE',
    default: 6000,
    unit: 'visitors/min',
    description: 'Waiting room: most admissions to one event, while those messages hardly wait.',
  }),
  roomClaimSec: integer(1, DAY_S, {
    env: 'ROOM_CLAIM_SEC',
    default: 120,
    unit: 's',
    description:
      'Waiting room: how long a place is kept for a visitor who was called; people need 20 s at least.',
  }),
  roomLeaseSec: integer(1, DAY_S, {
    env: 'ROOM_LEASE_SEC',
    default: 600,
    unit: 's',
    description: 'Waiting room: how long a place is kept without a sign of use; each sign renews it.',
  }),
  roomHardEndSec: integer(1, 7 * DAY_S, {
    env: 'ROOM_HARD_END_SEC',
    default: 3600,
    unit: 's',
    description: 'Waiting room: the end of a place however much it is used.',
  }),
  roomGraceSec: integer(3, DAY_S, {
    env: 'ROOM_GRACE_SEC',
    default: 60,
    unit: 's',
    description:
      'Waiting room: who has not been seen for longer (open socket or request) is passed over when called.',
  }),
  roomParkedSec: integer(1, DAY_S, {
    env: 'ROOM_PARKED_SEC',
    default: 900,
    unit: 's',
    description: 'Waiting room: how long the ticket of a visitor who was passed over is kept.',
  }),
  roomAutoCreate: flag({
    env: 'ROOM_AUTO_CREATE',
    default: true,
    inRoles: false,
    description:
      'Waiting room: an unknown event is made by the first who enters it; false = 404 until an admin makes it.',
  }),
  roomTicketsPerAddress: integer(0, 10_000_000, {
    env: 'ROOM_TICKETS_PER_ADDRESS',
    default: 0,
    unit: 'tickets/min',
    description:
      'Waiting room: new tickets one network address may take; 0 = no limit. Many people share an address.',
  }),
  roomLoginsPerAddress: integer(0, 10_000_000, {
    env: 'ROOM_LOGINS_PER_ADDRESS',
    default: 0,
    inRoles: 600,
    unit: 'tries/min',
    description: 'Waiting room: logins and registrations one network address may try; 0 = no limit.',
  }),
  roomSockets: integer(1, 1_000_000, {
    env: 'ROOM_SOCKETS',
    default: 20_000,
    description: 'Waiting room: open sockets of one process; who comes beyond it is told to try again later.',
  }),
  roomSocketsPerVisitor: integer(1, 1000, {
    env: 'ROOM_SOCKETS_PER_VISITOR',
    default: 5,
    description: 'Waiting room: open sockets of one visitor in one process (tabs, devices); the newest wins.',
  }),
  allowedOrigins: list(
    (word) => /^https?:\/\/[^\s/,*]+$/.test(word),
    'origins as https://shop.example, several with commas',
    {
      env: 'ALLOWED_ORIGINS',
      description: 'Waiting room: pages of other origins that may use its API and sockets; none unless set.',
    },
  ),
  trustedProxies: list(isNetwork, 'addresses or networks (10.0.0.0/8), several with commas', {
    env: 'TRUSTED_PROXIES',
    description: 'Waiting room: proxies whose X-Forwarded-For is believed; none unless set.',
  }),
  roomFailOpenMinutes: integer(0, 60, {
    env: 'ROOM_FAIL_OPEN_MINUTES',
    default: 0,
    unit: 'min',
    description:
      'Waiting room: how long visitors are let in while the line is away (Redis), at the rate measured last; neither ' +
      'the threshold nor the order is kept then. 0 = nobody is let in.',
  }),
  roomFailOpenPerMinute: integer(1, 1_000_000, {
    env: 'ROOM_FAIL_OPEN_PER_MINUTE',
    default: 60,
    unit: 'visitors/min',
    description: 'Waiting room: most visitors that one process lets in to one event while the line is away.',
  }),
  roomHashTag: optionalText(/^[\w-]{1,50}$/, '1 to 50 letters, digits, dashes or underscores', {
    env: 'ROOM_HASH_TAG',
    description:
      'Waiting room: tag in braces before its keys in Redis, for a cluster; unset = keys named queue:1, active:1.',
  }),
  jwtSecret: checkedText(isSecret, 'at least 32 random bytes without spaces, and none that everybody knows', {
    env: 'JWT_SECRET',
    secret: true,
    description:
      "Waiting room: signs visitors' sessions; at least 32 random bytes. On this machine alone (`weir up` on a " +
      'loopback HOST) one is made and kept; everywhere else it must be set.',
  }),
  roomSessionHours: integer(1, 8760, {
    env: 'ROOM_SESSION_HOURS',
    default: 12,
    unit: 'h',
    description: 'Waiting room: how long a login lasts.',
  }),
  adminEmail: optionalText(/^[^@\s]{1,64}@[^@\s]{1,190}$/, 'an e-mail address', {
    env: 'ADMIN_EMAIL',
    description:
      'Waiting room: its administrator; the account is made, or given this password, at each start.',
  }),
  adminPassword: optionalText(/^.{8,128}$/s, '8 to 128 characters', {
    env: 'ADMIN_PASSWORD',
    secret: true,
    description: "Waiting room: the administrator's password.",
  }),
  passIssuer: text(/^\S{1,200}$/, '1 to 200 characters without spaces', {
    env: 'PASS_ISSUER',
    default: 'weir',
    description: 'Waiting room: who passes are from; what a shop checks them against.',
  }),
  hostJwtIssuer: optionalText(/^\S{1,500}$/, 'text without spaces', {
    env: 'HOST_JWT_ISSUER',
    description: "Waiting room: issuer of a host application's own tokens, which are then accepted.",
  }),
  hostJwtAudience: optionalText(/^\S{1,500}$/, 'text without spaces', {
    env: 'HOST_JWT_AUDIENCE',
    description: "Waiting room: audience of the host application's tokens.",
  }),
  hostJwtJwksUrl: optionalText(/^https?:\/\/\S+$/, 'an http:// or https:// URL', {
    env: 'HOST_JWT_JWKS_URL',
    description: 'Waiting room: where the host application publishes its keys.',
  }),
  hostJwtAlgorithms: choices(['RS256', 'ES256', 'EdDSA'], {
    env: 'HOST_JWT_ALGORITHMS',
    default: ['RS256'],
    description: 'Waiting room: what the host application signs with; several with commas.',
  }),
  hostJwtAdminRole: optionalText(/^\S{1,200}$/, 'text without spaces', {
    env: 'HOST_JWT_ADMIN_ROLE',
    description:
      'Waiting room: value of the claim role, or of one of roles, that makes an admin; none unless set.',
  }),
} as const
