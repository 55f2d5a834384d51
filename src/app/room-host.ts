/** Whose tokens are the host application's: checked with the keys it publishes, fetched once and kept. */
import { type Clock, WeirError } from '../core/index.ts'
import { type HostKey, hostedKeyId, type Identity, identifyHosted, KeySource } from '../waiting-room/index.ts'
import type { SettingValues } from './settings-table.ts'

export type HostSettings = Pick<
  SettingValues,
  'hostJwtIssuer' | 'hostJwtAudience' | 'hostJwtJwksUrl' | 'hostJwtAlgorithms' | 'hostJwtAdminRole'
>

/** undefined = there is no host application. What it gives rejects with `storage_failed` while no key is known. */
export function hostedIdentities(
  settings: HostSettings,
  clock: Pick<Clock, 'now'>,
): ((token: string) => Promise<Identity | undefined>) | undefined {
  const { hostJwtIssuer: issuer, hostJwtAudience: audience, hostJwtJwksUrl: url } = settings
  if (issuer === undefined || audience === undefined || url === undefined) return undefined
  const { hostJwtAlgorithms: algorithms, hostJwtAdminRole: adminRole } = settings
  const options = { issuer, audience, algorithms, ...(adminRole !== undefined && { adminRole }) }
  const source = new KeySource({ url, now: () => clock.now() })
  return async (token) => {
    const kid = hostedKeyId(token)
    if (kid === undefined) return undefined
    const { keys } = await source.keysFor(kid)
    // With keys that were never read nobody can be told from anybody: that is our trouble, not the visitor's.
    if (keys.length === 0) throw new WeirError('storage_failed', "the host application's keys cannot be read")
    return identifyHosted(token, keys as readonly HostKey[], options, clock.now())
  }
}
