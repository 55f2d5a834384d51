/**
 * Signs passes and publishes the keys to check them by. The newest key signs; those before it stay published until
 * every pass they signed has expired, so that a rotation is never noticed.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { Recent } from '../recent.ts'
import type { PassKeySet } from './verify.ts'

/** A key pair as it is kept: a private JWK (RFC 8037). */
export interface PassKey {
  readonly kid: string
  readonly x: string
  /** The private part. */
  readonly d: string
  /** When it was made, milliseconds since the epoch. */
  readonly createdAt: number
}

export interface PassClaims {
  readonly event: string
  readonly visitor: string
  readonly ticket: number
  readonly epoch: number
  readonly binding?: string
}

/** A new key pair. Its id is its thumbprint (RFC 7638), so that two keys never share one. */
export function newPassKey(now: number): PassKey {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const kid = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url')
  return { kid, x, d, createdAt: now }
}

/**
 * The keys after a rotation at `now`, newest first: `fresh` and those that may still have passes out. A key stops
 * signing when the next one is made; `longestPassMs` after that nothing it signed is valid.
 */
export function rotated(
  keys: readonly PassKey[],
  fresh: PassKey,
  longestPassMs: number,
  now: number,
): PassKey[] {
  const all = [fresh, ...keys].sort((a, b) => b.createdAt - a.createdAt)
  return all.filter((_, i) => {
    const next = all[i - 1]
    return next === undefined || now - next.createdAt < longestPassMs
  })
}

/** Half a kilobyte each. */
const KEPT = 20_000

export class PassSigner {
  readonly #issuer: string
  readonly #newId: () => string
  readonly #key: KeyObject
  readonly #kid: string
  /** By what it says: a visitor who asks again while nothing has changed gets the same pass, and it is signed once. */
  readonly #issued = new Recent<string>(KEPT)
  readonly keySet: PassKeySet

  /** `keys`: newest first, at least one. */
  constructor(issuer: string, keys: readonly PassKey[], newId: () => string) {
    const [newest] = keys
    if (!newest) throw new Error('a signer of passes needs a key')
    this.#issuer = issuer
    this.#newId = newId
    this.#kid = newest.kid
    this.#key = createPrivateKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: newest.x, d: newest.d },
      format: 'jwk',
    })
    // Public parts alone: what is served to everybody is put together by name.
    this.keySet = {
      keys: keys.map(({ kid, x }) => ({ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', kid, x })),
    }
  }

  /** Valid from `now`, or earlier, until `expiresAt`, both milliseconds since the epoch. */
  issue(claims: PassClaims, expiresAt: number, now: number): string {
    const { event, visitor, ticket, epoch, binding } = claims
    const name = JSON.stringify([event, visitor, ticket, epoch, binding, expiresAt])
    const known = this.#issued.get(name)
    if (known !== undefined) return known
    const at = Math.floor(now / 1000)
    const header = { alg: 'EdDSA', typ: 'JWT', kid: this.#kid }
    const payload = {
      iss: this.#issuer,
      aud: event,
      sub: visitor,
      tkt: ticket,
      epoch,
      iat: at,
      nbf: at,
      // Rounded down: a pass never outlives the lease it stands for.
      exp: Math.floor(expiresAt / 1000),
      jti: this.#newId(),
      ...(binding !== undefined && { cnf: binding }),
    }
    const signed = `${encoded(header)}.${encoded(payload)}`
    const pass = `${signed}.${sign(null, Buffer.from(signed), this.#key).toString('base64url')}`
    this.#issued.set(name, pass)
    return pass
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
