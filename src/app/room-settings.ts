/** What the settings of the waiting room come to in the room's own words. Pure. */
import {
  DEFAULT_DOOR,
  DEFAULT_SOCKETS,
  type DoorSettings,
  type RoomOptions,
  type SocketOptions,
} from '../waiting-room/index.ts'
import type { SettingValues } from './settings-table.ts'

/** The door of an event that nobody has set otherwise. */
export function doorOf(settings: SettingValues): DoorSettings {
  return {
    ...DEFAULT_DOOR,
    cap: settings.queueThreshold,
    ratePerMinute: settings.roomRatePerMinute,
    claimMs: settings.roomClaimSec * 1000,
    leaseMs: settings.roomLeaseSec * 1000,
    hardMs: settings.roomHardEndSec * 1000,
    graceMs: settings.roomGraceSec * 1000,
    parkedMs: settings.roomParkedSec * 1000,
  }
}

export function roomOptionsOf(settings: SettingValues): RoomOptions {
  return {
    autoCreate: settings.roomAutoCreate,
    door: doorOf(settings),
    ticketsPerAddress: settings.roomTicketsPerAddress,
    loginsPerAddress: settings.roomLoginsPerAddress,
    trustProxy: settings.trustedProxies,
    origins: settings.allowedOrigins,
  }
}

export function socketOptionsOf(settings: SettingValues): SocketOptions {
  const { roomSockets: sockets, roomSocketsPerVisitor: perVisitor, allowedOrigins: origins } = settings
  return { ...DEFAULT_SOCKETS, sockets, perVisitor, origins }
}

/** Both are set, or none. */
export function adminOf({ adminEmail: email, adminPassword: password }: SettingValues) {
  return email === undefined || password === undefined ? undefined : { email, password }
}
