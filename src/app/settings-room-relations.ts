/** What the waiting room's settings may not be together; each refusal is one line that names the variable to change. */
import type { Role } from './role.ts'
import type { SettingValues } from './settings-table.ts'
import { invalid } from './settings-types.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i

/** One process for everything that nobody else can reach: a secret may then be made up, and kept in the store. */
export function isDevelopment({ host }: Pick<SettingValues, 'host'>, role: Role): boolean {
  return role === 'all' && LOOPBACK.test(host)
}

/** The visitors are the host application's, and no session is ever issued here. */
export function isHostedOnly({ hostJwtIssuer, jwtSecret }: SettingValues): boolean {
  return hostJwtIssuer !== undefined && jwtSecret === undefined
}

/** Throws `invalid_setting` for the first contradiction. */
export function checkRoom(settings: SettingValues, role: Role): void {
  const { roomPort, roomLeaseSec, roomHardEndSec } = settings
  if (role === 'room' && roomPort === 'off')
    throw invalid('ROOM_PORT must be a port in the role room; found off')
  if (roomHardEndSec < roomLeaseSec) {
    const found = `${roomHardEndSec} and ${roomLeaseSec}`
    throw invalid(`ROOM_HARD_END_SEC must be at least ROOM_LEASE_SEC; found ${found}`)
  }
  checkFollowing(settings, role)
  checkHosted(settings)
  checkSecret(settings, role)
  checkAdmin(settings)
}

function checkSecret(settings: SettingValues, role: Role): void {
  const { jwtSecret, host } = settings
  if (jwtSecret !== undefined || isHostedOnly(settings) || isDevelopment(settings, role)) return
  const where = role === 'room' ? 'the role room' : `HOST ${host} is not this machine alone`
  const off = role === 'all' ? '; or set ROOM_PORT to off' : ''
  throw invalid(
    `JWT_SECRET must be set to at least 32 random bytes (openssl rand -base64 32): ${where}${off}`,
  )
}

function checkAdmin(settings: SettingValues): void {
  const { adminEmail, adminPassword } = settings
  if (adminEmail === undefined && adminPassword === undefined) return
  if (adminEmail === undefined) throw invalid('ADMIN_EMAIL must be set where ADMIN_PASSWORD is')
  if (adminPassword === undefined) throw invalid('ADMIN_PASSWORD must be set where ADMIN_EMAIL is')
  if (isHostedOnly(settings))
    throw invalid(
      "JWT_SECRET must be set where ADMIN_EMAIL is: without it only the host application's tokens count",
    )
}

function checkFollowing(settings: SettingValues, role: Role): void {
  const { roomFollowTypes, roomFollowMinPerMinute: min, roomFollowMaxPerMinute: max } = settings
  if (roomFollowTypes.length === 0) return
  if (role === 'room')
    throw invalid(
      'ROOM_FOLLOW_TYPES must be unset in the role room, which does not see the queue; use weir up',
    )
  if (settings.roomRatePerMinute !== 0) {
    throw invalid(
      'ROOM_RATE_PER_MINUTE must be 0 where ROOM_FOLLOW_TYPES sets the rate (ROOM_FOLLOW_MAX_PER_MINUTE)',
    )
  }
  if (min > max) {
    throw invalid(
      `ROOM_FOLLOW_MIN_PER_MINUTE must be at most ROOM_FOLLOW_MAX_PER_MINUTE; found ${min} and ${max}`,
    )
  }
}

function checkHosted({ hostJwtIssuer, hostJwtAudience, hostJwtJwksUrl }: SettingValues): void {
  const all = {
    HOST_JWT_ISSUER: hostJwtIssuer,
    HOST_JWT_AUDIENCE: hostJwtAudience,
    HOST_JWT_JWKS_URL: hostJwtJwksUrl,
  }
  const set = Object.entries(all).find(([, value]) => value !== undefined)
  const missing = Object.entries(all).find(([, value]) => value === undefined)
  if (set && missing) throw invalid(`${missing[0]} must be set where ${set[0]} is`)
}
