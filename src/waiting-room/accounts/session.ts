/**
 * Who a request is from. Our own sessions are JWTs signed with HMAC-SHA-256; a host application's own tokens can be
 * accepted instead, by issuer, audience and published keys. The kind of key fixes the algorithm, never the token.
 */
import {
  createHmac,
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { isVisitorId } from '../port.ts'
import { Recent } from '../recent.ts'

export type Role = 'user' | 'admin'

export interface Identity {
  readonly visitor: string
  readonly email: string
  readonly name: string
  readonly role: Role
}

const LONGEST = 8_192
const PART = /^[A-Za-z0-9_-]+$/
const ISSUER = 'weir'
const AUDIENCE = 'weir-room'
/** HS256 wants a key as long as its hash (RFC 7518, 3.2). */
const SHORTEST_SECRET = 32

/** What is wrong with a secret; undefined = nothing. */
export function secretFault(secret: string): string | undefined {
  if (Buffer.byteLength(secret) < SHORTEST_SECRET) return `must be at least ${SHORTEST_SECRET} bytes`
  if (new Set(secret).size < 8) return 'must be random, not a few characters over and over'
  return /secret|change.?me|password|example/i.test(secret)
    ? 'must not be one that everybody knows'
    : undefined
}

interface Verified {
  readonly identity: Identity
  /** Milliseconds since the epoch. */
  readonly endsAt: number
}

/** Verified tokens that are kept, and how long one may be for that: some ten megabytes. */
const KEPT = 20_000
const LONGEST_KEPT = 1_024
const HEADER = encoded({ alg: 'HS256', typ: 'JWT' })

export class Sessions {
  /** As a key, not as bytes: those would be made into a key anew for every token, four fifths of its cost. */
  readonly #secret: KeyObject
  readonly #lifetimeMs: number
  /** Tokens that were verified: who waits asks every few seconds, and the check is what such an answer costs most. */
  readonly #known = new Recent<Verified>(KEPT)

  constructor(secret: string, lifetimeMs: number) {
    this.#secret = createSecretKey(Buffer.from(secret))
    this.#lifetimeMs = lifetimeMs
  }

  issue({ visitor, email, name, role }: Identity, now: number): string {
    const iat = Math.floor(now / 1000)
    const exp = Math.floor((now + this.#lifetimeMs) / 1000)
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: visitor, email, name, role, iat, exp }
    const signed = `${HEADER}.${encoded(claims)}`
    return `${signed}.${this.#mac(signed)}`
  }

  /** undefined: not one of ours, altered, or no longer valid. */
  identify(token: string, now: number): Identity | undefined {
    const known = this.#known.get(token)
    if (known) return now < known.endsAt ? known.identity : undefined
    const verified = this.#verify(token, now)
    if (!verified || token.length > LONGEST_KEPT) return verified?.identity
    this.#known.set(token, verified)
    return verified.identity
  }

  #verify(token: string, now: number): Verified | undefined {
    const parts = split(token)
    if (!parts || !isSame(parts.signature, this.#mac(parts.signed))) return undefined
    // Of nearly every token what the header says is known.
    const header = parts.header === HEADER ? { alg: 'HS256' } : object(parts.header)
    const claims = object(parts.claims)
    if (header?.alg !== 'HS256' || header.crit !== undefined || !claims) return undefined
    const { iss, aud, sub, email, name, role } = claims
    if (iss !== ISSUER || aud !== AUDIENCE || !isLive(claims, now)) return undefined
    if (!isVisitorId(sub) || !isText(email) || typeof name !== 'string') return undefined
    if (role !== 'user' && role !== 'admin') return undefined
    return { identity: { visitor: sub, email, name, role }, endsAt: Number(claims.exp) * 1000 }
  }

  /** In base64url, as it stands in a token: of two spellings of the same bytes only one is ours. */
  #mac(signed: string): string {
    return createHmac('sha256', this.#secret).update(signed).digest('base64url')
  }
}

export interface HostOptions {
  readonly issuer: string
  readonly audience: string
  /** Algorithms that the host signs with; HMAC is not among them, for its secret would have to be shared. */
  readonly algorithms: readonly HostAlgorithm[]
  /** Value of the claim `role` or of one of `roles` that makes an admin; none unless set. */
  readonly adminRole?: string
}

export type HostAlgorithm = 'RS256' | 'ES256' | 'EdDSA'
export type HostKey = JsonWebKey & { readonly kid?: string; readonly use?: string; readonly alg?: string }

const KINDS: Readonly<Record<HostAlgorithm, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
}

/** The visitor a host's token is for; undefined: not acceptable. `keys`: the host's published ones. */
export function identifyHosted(
  token: string,
  keys: readonly HostKey[],
  options: HostOptions,
  now: number,
): Identity | undefined {
  const claims = hostedClaims(token, keys, options.algorithms)
  if (!claims) return undefined
  const { iss, aud, sub, email, name, role, roles } = claims
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (iss !== options.issuer || !audiences.includes(options.audience)) return undefined
  if (!isVisitorId(sub) || !isLive(claims, now)) return undefined
  const has: readonly unknown[] = [role, ...(Array.isArray(roles) ? roles : [])]
  const isAdmin = options.adminRole !== undefined && has.includes(options.adminRole)
  return {
    visitor: sub,
    email: isText(email) ? email : '',
    name: isText(name) ? name : '',
    role: isAdmin ? 'admin' : 'user',
  }
}

/** What a token says, if one of these keys signed it. */
function hostedClaims(
  token: string,
  keys: readonly HostKey[],
  algorithms: readonly HostAlgorithm[],
): Record<string, unknown> | undefined {
  const parts = split(token)
  const header = parts && object(parts.header)
  const algorithm = algorithms.find((one) => one === header?.alg)
  if (!header || !algorithm || header.crit !== undefined) return undefined
  const key = keys.find((one) => one.kid === header.kid)
  const kind = KINDS[algorithm]
  if (!key || key.kty !== kind.kty || (kind.crv !== undefined && key.crv !== kind.crv)) return undefined
  if ((key.alg ?? algorithm) !== algorithm || (key.use ?? 'sig') !== 'sig') return undefined
  return isSignedBy(key, algorithm, parts) ? object(parts.claims) : undefined
}

/** The key a token names, to know whether the host's keys must be fetched anew. */
export function hostedKeyId(token: string): string | undefined {
  const parts = split(token)
  const kid = parts && object(parts.header)?.kid
  return typeof kid === 'string' ? kid : undefined
}

/** As they stand in the token. */
interface Parts {
  readonly header: string
  readonly claims: string
  readonly signature: string
  /** What the signature is of. */
  readonly signed: string
}

function split(token: unknown): Parts | undefined {
  if (typeof token !== 'string' || token.length > LONGEST) return undefined
  const [header = '', claims = '', signature = '', ...more] = token.split('.')
  if (more.length > 0 || ![header, claims, signature].every((part) => PART.test(part))) return undefined
  return { header, claims, signature, signed: `${header}.${claims}` }
}

/** Takes as long wherever they differ. */
function isSame(given: string, wanted: string): boolean {
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted))
}

function object(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Record<string, unknown>
  } catch {
    return undefined
  }
}

function isSignedBy(jwk: HostKey, algorithm: HostAlgorithm, { signed, signature }: Parts): boolean {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    // A short key can be broken; RFC 7518 asks for 2,048 bits.
    if (algorithm === 'RS256' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return false
    const digest = algorithm === 'EdDSA' ? null : 'sha256'
    const bytes = Buffer.from(signature, 'base64url')
    // Other spellings of the same bytes would pass, too.
    if (bytes.toString('base64url') !== signature) return false
    return verify(digest, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, bytes)
  } catch {
    return false
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** Without an end it would be valid for ever: refused. */
function isLive({ exp, nbf }: Record<string, unknown>, now: number): boolean {
  const seconds = now / 1000
  return (
    typeof exp === 'number' &&
    seconds < exp &&
    (typeof nbf === 'number' ? nbf <= seconds + 5 : nbf === undefined)
  )
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
