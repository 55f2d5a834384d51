/** Passwords as they are kept: scrypt (RFC 7914) with a salt each, and its cost beside it so that it can be raised. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

export const PASSWORD = { shortest: 8, longest: 128 } as const

interface Cost {
  readonly n: number
  readonly r: number
  readonly p: number
}

/** 16 MiB: what OWASP's cheat sheet gives for scrypt with p = 5, a memory that several logins at once can have. */
const COST: Cost = { n: 2 ** 14, r: 8, p: 5 }
const BYTES = 32
const STORED = /^scrypt\$(\d{1,8})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derived(password, salt, COST)
  const { n, r, p } = COST
  return ['scrypt', n, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/** False also for what is no stored password. Takes as long for a wrong one as for the right one. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [, n, r, p, salt = '', hash = ''] = STORED.exec(stored) ?? []
  const cost = { n: Number(n), r: Number(r), p: Number(p) }
  if (hash === '' || cost.n > 2 ** 20 || cost.r > 32 || cost.p > 16) return false
  const found = await derived(password, Buffer.from(salt, 'base64url'), cost)
  return timingSafeEqual(found, Buffer.from(hash, 'base64url'))
}

/** Two spellings of one character are one password: keyboards differ. */
function derived(password: string, salt: Buffer, { n, r, p }: Cost): Promise<Buffer> {
  const options: ScryptOptions = { N: n, r, p, maxmem: 256 * n * r }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, BYTES, options, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}
