/**
 * What a message says about its line, in either vocabulary. Every attribute is optional, because the older
 * clients send only a type and content. An attribute that is present but malformed makes the message dead,
 * not rejected: a refusal is the business' answer to a question it understood, and this one it did not; an
 * operator should see it.
 */
import type { JsonObject, JsonValue } from '../core/index.ts'

export interface Request {
  /** The line's name in the registry: its number, else what identifies it best. */
  readonly line: string
  readonly phone?: string
  readonly customer?: string
  readonly owner?: string
  readonly newCustomer?: string
  readonly newOwner?: string
  readonly fromCarrier?: string
  readonly toCarrier?: string
}

export type ParsedRequest =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'malformed'; readonly problem: string }

type Field =
  | 'line'
  | 'phone'
  | 'customer'
  | 'owner'
  | 'newCustomer'
  | 'newOwner'
  | 'fromCarrier'
  | 'toCarrier'

/**
 * Accepted spellings. Case, spaces, hyphens and underscores do not count; names not listed are not ours to
 * read.
 */
const SPELLINGS: Readonly<Record<Field, readonly string[]>> = {
  phone: ['phoneNumber', 'phone', 'msisdn', 'mobile', '전화번호', '휴대폰번호', '휴대전화'],
  line: ['lineNumber', 'lineId', '회선번호', '회선'],
  customer: ['customerId', 'customer', 'subscriberId', '고객번호', '고객아이디', '고객ID'],
  owner: ['owner', 'ownerName', 'currentOwner', 'customerName', '명의자', '현명의자', '기존명의자', '고객명'],
  newCustomer: ['newCustomerId', '새고객번호', '신규고객번호'],
  newOwner: ['newOwner', 'newOwnerName', '새명의자', '신규명의자', '변경명의자'],
  fromCarrier: ['fromCarrier', 'previousCarrier', '기존통신사', '이전통신사'],
  toCarrier: ['toCarrier', 'newCarrier', 'carrier', '통신사', '신규통신사', '변경통신사'],
}

const LONGEST_TEXT = 100
/** E.164 allows fifteen digits; three are the shortest numbers in use. */
const PHONE_DIGITS = /^\d{3,15}$/
const PHONE_PUNCTUATION = /[\s().-]/g
const KOREA = '82'

function folded(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '')
}

const FIELD_OF: ReadonlyMap<string, Field> = new Map(
  (Object.entries(SPELLINGS) as [Field, readonly string[]][]).flatMap(([field, names]) =>
    names.map((name): [string, Field] => [folded(name), field]),
  ),
)

/** Reads what is known of a message's attributes; `messageId` names the line when nothing else does. */
export function parseRequest(attributes: JsonObject | undefined, messageId: string): ParsedRequest {
  const found: Partial<Record<Field, string>> = {}
  const spelled: Partial<Record<Field, string>> = {}
  for (const [name, value] of Object.entries(attributes ?? {})) {
    const field = FIELD_OF.get(folded(name))
    if (!field || value === null) continue
    const read = field === 'phone' ? phoneOf(value) : textOf(value)
    if (read.problem !== undefined) return { kind: 'malformed', problem: `${name} ${read.problem}` }
    const other = found[field]
    if (other !== undefined && other !== read.text) {
      return { kind: 'malformed', problem: `${spelled[field]} and ${name} say different things` }
    }
    found[field] = read.text
    spelled[field] = name
  }
  return { kind: 'request', request: { ...found, line: lineOf(found, messageId) } }
}

/** The prefixes keep a customer's id from being taken for somebody's telephone number. */
function lineOf(found: Partial<Record<Field, string>>, messageId: string): string {
  if (found.phone !== undefined) return found.phone
  if (found.line !== undefined) return found.line
  if (found.customer !== undefined) return `customer:${found.customer}`
  return ownLine(messageId)
}

/** The line of a message that names none. */
export function ownLine(messageId: string): string {
  return `message:${messageId}`
}

type Read = { readonly text: string; readonly problem?: never } | { readonly problem: string }

/** Text or a whole number (ids are often sent as numbers), trimmed. */
function textOf(value: JsonValue): Read {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { text: String(value) }
  if (typeof value !== 'string') return { problem: 'must be text' }
  const text = value.trim()
  if (text === '') return { problem: 'must not be blank' }
  if (text.length > LONGEST_TEXT) return { problem: `must have at most ${LONGEST_TEXT} characters` }
  return { text }
}

/** Digits only, in national form: +82 10-1234-5678, 010 1234 5678 and the number 1012345678 are one line. */
function phoneOf(value: JsonValue): Read {
  const read = textOf(value)
  if (read.problem !== undefined) return read
  const compact = read.text.replace(PHONE_PUNCTUATION, '')
  const digits = compact.startsWith('+') ? compact.slice(1) : compact
  if (!PHONE_DIGITS.test(digits)) return { problem: 'must be a telephone number of 3 to 15 digits' }
  if (compact.startsWith(`+${KOREA}`)) return { text: `0${digits.slice(KOREA.length).replace(/^0/, '')}` }
  // A JSON number cannot carry the leading zero of a mobile number.
  return { text: typeof value === 'number' && /^1\d{8,9}$/.test(digits) ? `0${digits}` : digits }
}
