/**
 * Accounts of the demo: registering and logging in. Kept as documents in the store that processors keep their effects
 * in; a document that must not exist yet is what makes an address unique, also when two register at once.
 */
import type { EffectStore, FieldFault, JsonObject } from '../../core/index.ts'
import { hashPassword, isPassword, PASSWORD } from './password.ts'
import type { Identity, Role } from './session.ts'

export interface Registration {
  readonly email: string
  readonly password: string
  readonly name: string
  readonly phone?: string
}

export type Registered =
  | { readonly kind: 'registered'; readonly identity: Identity }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'invalid'; readonly faults: readonly FieldFault[] }

const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,190}$/
const LONGEST_NAME = 100
const LONGEST_PHONE = 32
/** Compared with when there is no such account: an answer must not tell by its time whether there is one. */
const NOBODY = `scrypt$16384$8$5$${'A'.repeat(22)}$${'A'.repeat(43)}`

interface Account extends JsonObject {
  visitor: string
  email: string
  name: string
  role: Role
  password: string
}

export class Accounts {
  readonly #store: EffectStore
  readonly #newId: () => string

  constructor(store: EffectStore, newId: () => string) {
    this.#store = store
    this.#newId = newId
  }

  /** Everything may be of any shape: it comes from outside. Rejects with the store's refusal. */
  async register(
    asked: Partial<Record<keyof Registration, unknown>>,
    role: Role = 'user',
  ): Promise<Registered> {
    const { email, password, name, phone } = asked
    const faults = faultsOf(asked)
    if (faults.length > 0 || typeof email !== 'string' || typeof password !== 'string')
      return { kind: 'invalid', faults }
    const address = normalised(email)
    // Before the costly part, so that a known address costs nothing; the write below decides.
    if (await this.#find(address)) return { kind: 'duplicate' }
    const account: Account = {
      visitor: this.#newId(),
      email: address,
      name: String(name).trim(),
      role,
      password: await hashPassword(password),
      ...(typeof phone === 'string' && phone !== '' && { phone }),
    }
    const write = { key: keyOf(address), expectedVersion: 0, value: account }
    const id = `room-account:${account.visitor}`
    const applied = await this.#store.apply({ id, result: null, writes: [write] })
    if (applied.kind === 'conflict') return { kind: 'duplicate' }
    return { kind: 'registered', identity: identityOf(account) }
  }

  /** undefined = no such account, or another password; nobody is told which. */
  async login(email: unknown, password: unknown): Promise<Identity | undefined> {
    if (typeof email !== 'string' || typeof password !== 'string') return undefined
    if (email.length > 320 || password.length > PASSWORD.longest) return undefined
    const account = await this.#find(normalised(email))
    const right = await isPassword(password, account?.password ?? NOBODY)
    return right && account ? identityOf(account) : undefined
  }

  /** The operator's account of the settings: made at the first start, and given their password at each one. */
  async ensureAdmin(email: string, password: string): Promise<Identity | undefined> {
    const known = await this.login(email, password)
    if (known?.role === 'admin') return known
    const key = keyOf(normalised(email))
    const [stored] = await this.#store.read([key])
    const visitor = (stored?.value as Account | undefined)?.visitor ?? this.#newId()
    const account: Account = {
      visitor,
      email: normalised(email),
      name: 'Admin',
      role: 'admin',
      password: await hashPassword(password),
    }
    const write = { key, expectedVersion: stored?.version ?? 0, value: account }
    const id = `room-admin:${this.#newId()}`
    const applied = await this.#store.apply({ id, result: null, writes: [write] })
    // Another process did the same meanwhile.
    return applied.kind === 'conflict' ? this.login(email, password) : identityOf(account)
  }

  async #find(email: string): Promise<Account | undefined> {
    const [stored] = await this.#store.read([keyOf(email)])
    return stored?.value as Account | undefined
  }
}

const keyOf = (email: string): string => `room/account/${email}`
const normalised = (email: string): string => email.trim().normalize('NFKC').toLowerCase()
const identityOf = ({ visitor, email, name, role }: Account): Identity => ({ visitor, email, name, role })

function faultsOf(asked: Partial<Record<keyof Registration, unknown>>): FieldFault[] {
  const { email, password, name, phone } = asked
  const faults: FieldFault[] = []
  if (typeof email !== 'string' || !EMAIL.test(normalised(email)))
    faults.push({ field: 'email', problem: 'must be an e-mail address' })
  const length = typeof password === 'string' ? password.length : 0
  if (length < PASSWORD.shortest || length > PASSWORD.longest) {
    const problem = `must have ${PASSWORD.shortest} to ${PASSWORD.longest} characters`
    faults.push({ field: 'password', problem })
  }
  if (typeof name !== 'string' || name.trim() === '' || name.length > LONGEST_NAME)
    faults.push({ field: 'name', problem: `must be text of at most ${LONGEST_NAME} characters` })
  if (phone !== undefined && (typeof phone !== 'string' || phone.length > LONGEST_PHONE))
    faults.push({ field: 'phone', problem: `must be text of at most ${LONGEST_PHONE} characters` })
  return faults
}
