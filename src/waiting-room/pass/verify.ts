/**
 * Checks a pass offline: a signed statement of the waiting room that a visitor may be inside an event until a moment. A
 * compact JWT (RFC 7519) signed with Ed25519 (RFC 8037). Needs nothing but `node:crypto`.
 *
 * Strict on purpose. The algorithm is ours, not the token's: `none`, HMAC with the public key as its secret, RSA and
 * anything else are refused before a key is looked at. Nothing of the payload is believed before the signature holds.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** A published key (RFC 7517); other kinds of keys in the set are ignored. */
export interface PassJwk {
  readonly kty: string
  readonly crv?: string
  readonly x?: string
  readonly kid?: string
  readonly use?: string
  readonly alg?: string
}

export interface PassKeySet {
  readonly keys: readonly PassJwk[]
}

export interface Pass {
  readonly event: string
  readonly visitor: string
  readonly ticket: number
  readonly epoch: number
  /** One per pass. */
  readonly id: string
  /** Seconds since the epoch, as all times of a JWT. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** What the pass is bound to beside the visitor, for example a hash of the session cookie. */
  readonly binding?: string
}

export type PassRefusal =
  | 'missing'
  | 'malformed'
  | 'algorithm'
  | 'unknown_key'
  | 'signature'
  | 'issuer'
  | 'event'
  | 'visitor'
  | 'binding'
  | 'not_yet'
  | 'expired'
  /** Issued before the line was cleared. */
  | 'epoch'

export type PassVerdict =
  | { readonly ok: true; readonly pass: Pass }
  | { readonly ok: false; readonly reason: PassRefusal }

export interface PassExpectation {
  readonly keys: PassKeySet
  readonly issuer: string
  /** The pass has to be for this event. */
  readonly event: string
  /** The moment to check against, milliseconds since the epoch. */
  readonly now: number
  /** When the shop knows who its visitor is. */
  readonly visitor?: string
  readonly binding?: string
  /** Passes of earlier epochs are refused. */
  readonly epoch?: number
  /** How far the clocks may be apart, 0 to 30 s; 5 unless set. */
  readonly leewaySeconds?: number
}

export const PASS_LIMITS = { tokenLength: 4_096, leewaySeconds: 30, keys: 20 } as const

const ALGORITHM = 'EdDSA'
const SIGNATURE_BYTES = 64
const PART = /^[A-Za-z0-9_-]+$/

export function verifyPass(token: string, expected: PassExpectation): PassVerdict {
  const parts = split(token)
  const header = parts && object(parts.header)
  if (!parts || !header) return refused('malformed')
  if (header.alg !== ALGORITHM || header.crit !== undefined) return refused('algorithm')
  const key = keyOf(expected.keys, header.kid)
  if (!key) return refused('unknown_key')
  if (parts.signature.length !== SIGNATURE_BYTES) return refused('signature')
  if (!verify(null, parts.signed, key, parts.signature)) return refused('signature')
  return judge(object(parts.payload), expected)
}

/** The key a token says it was signed with, to know whether the set must be fetched anew; undefined = it says none. */
export function keyIdOf(token: string): string | undefined {
  const parts = split(token)
  const kid = parts && object(parts.header)?.kid
  return typeof kid === 'string' ? kid : undefined
}

function refused(reason: PassRefusal): PassVerdict {
  return { ok: false, reason }
}

interface Parts {
  readonly header: Buffer
  readonly payload: Buffer
  readonly signature: Buffer
  readonly signed: Buffer
}

function split(token: string): Parts | undefined {
  if (typeof token !== 'string' || token.length > PASS_LIMITS.tokenLength) return undefined
  const parts = token.split('.')
  const [header, payload, signature] = parts.map(decoded)
  if (parts.length !== 3 || !header || !payload || !signature) return undefined
  return { header, payload, signature, signed: Buffer.from(token.slice(0, token.lastIndexOf('.'))) }
}

/** Base64url without padding, and the only spelling of its bytes: else one pass would have many. */
function decoded(part: string): Buffer | undefined {
  if (!PART.test(part)) return undefined
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}

function object(json: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json.toString('utf8'))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Record<string, unknown>
  } catch {
    return undefined
  }
}

function keyOf({ keys }: PassKeySet, kid: unknown): KeyObject | undefined {
  if (typeof kid !== 'string') return undefined
  const found = keys.slice(0, PASS_LIMITS.keys).find((one) => one.kid === kid)
  if (found?.kty !== 'OKP' || found.crv !== 'Ed25519' || typeof found.x !== 'string') return undefined
  if ((found.use ?? 'sig') !== 'sig' || (found.alg ?? ALGORITHM) !== ALGORITHM) return undefined
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: found.x }, format: 'jwk' })
  } catch {
    return undefined
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function judge(claims: Record<string, unknown> | undefined, expected: PassExpectation): PassVerdict {
  const pass = claims && passOf(claims)
  if (!claims || !pass) return refused('malformed')
  const wanted = Math.max(0, Math.min(expected.leewaySeconds ?? 5, PASS_LIMITS.leewaySeconds))
  const leeway = Number.isFinite(wanted) ? wanted : 0
  const now = expected.now / 1000
  if (claims.iss !== expected.issuer) return refused('issuer')
  if (pass.event !== expected.event) return refused('event')
  if (expected.visitor !== undefined && pass.visitor !== expected.visitor) return refused('visitor')
  if (expected.binding !== undefined && pass.binding !== expected.binding) return refused('binding')
  if (expected.epoch !== undefined && pass.epoch < expected.epoch) return refused('epoch')
  if (Math.max(pass.issuedAt, claims.nbf as number) > now + leeway) return refused('not_yet')
  // Written so that a moment that is no number is refused.
  if (!(now < pass.expiresAt + leeway)) return refused('expired')
  return { ok: true, pass }
}

function passOf(claims: Record<string, unknown>): Pass | undefined {
  const { aud, sub, tkt, epoch, iat, nbf, exp, jti, cnf } = claims
  if (!isText(aud) || !isText(sub) || !isText(jti) || !isWhole(tkt) || !isWhole(epoch)) return undefined
  if (!isWhole(iat) || !isWhole(nbf) || !isWhole(exp)) return undefined
  if (cnf !== undefined && !isText(cnf)) return undefined
  const pass = { event: aud, visitor: sub, ticket: tkt, epoch, id: jti, issuedAt: iat, expiresAt: exp }
  return cnf === undefined ? pass : { ...pass, binding: cnf }
}
