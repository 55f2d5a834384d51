/**
 * The two wire languages: one table of words, read in both directions. Handlers never see it; requests pass through
 * `toEnglish` before they are validated and results through `toKorean` after they are made.
 */
import { Refusal } from './refusal.ts'

export type Language = 'en' | 'ko'

/** Words a sender may use in a request. English-only words (`priority`, `delayMs`, …) have no entry on purpose. */
const REQUEST_WORDS: readonly (readonly [english: string, korean: string])[] = [
  ['type', '타입'],
  ['content', '내용'],
  ['attributes', '속성들'],
  ['messages', '메시지목록'],
  ['ratePerSecond', '초당처리량'],
  ['concurrency', '동시처리수'],
  ['maxBacklogSeconds', '최대대기초'],
]

/** Words that only answers use. */
const ANSWER_WORDS: readonly (readonly [english: string, korean: string])[] = [
  ['id', '아이디'],
  ['createdAt', '생성시간'],
  ['success', '성공'],
  ['message', '메시지'],
  ['timestamp', '타임스탬프'],
  ['details', '세부정보'],
  ['queue', '큐이름'],
  ['state', '상태'],
  ['status', '상태'],
  ['priority', '우선순위'],
  ['orderingKey', '순서키'],
  ['attempt', '시도'],
  ['attempts', '시도횟수'],
  ['failures', '실패횟수'],
  ['acceptedAt', '접수시간'],
  ['availableAt', '처리가능시간'],
  ['expiresAt', '만료시간'],
  ['takenAt', '처리시작시간'],
  ['endedAt', '종료시간'],
  ['finishedAt', '완료시간'],
  ['result', '결과'],
  ['results', '결과목록'],
  ['outcome', '처리결과'],
  ['error', '오류'],
  ['position', '대기순번'],
  ['etaMs', '예상대기밀리초'],
  ['history', '처리이력'],
  ['items', '목록'],
  ['next', '다음'],
  ['retried', '재시도개수'],
  ['deleted', '삭제개수'],
  ['depth', '큐깊이'],
  ['types', '타입목록'],
  ['ready', '준비'],
  ['inFlight', '처리중'],
  ['delayed', '지연'],
  ['done', '완료'],
  ['rejected', '거절'],
  ['dead', '처리불가'],
  ['expired', '만료'],
  ['accepted', '접수'],
  ['oldestAgeMs', '최장대기밀리초'],
  ['consumers', '소비자개수'],
  ['running', '실행중개수'],
  ['concurrencyLimit', '현재동시처리한도'],
  ['breaker', '차단기'],
  ['inPerSecond', '초당유입'],
  ['outPerSecond', '초당유출'],
  ['drainEtaMs', '예상소진밀리초'],
  ['routes', '라우트목록'],
  ['name', '이름'],
  ['aliases', '별칭'],
  ['handler', '처리기'],
  ['timeoutMs', '제한시간밀리초'],
  ['maxRetries', '최대재시도'],
  ['retryDelayMs', '재시도지연밀리초'],
  ['engine', '엔진'],
  ['unacknowledged', '미확인개수'],
  ['unrouted', '미분류개수'],
  ['unserved', '소비자없는타입'],
  ['members', '프로세스목록'],
  ['role', '역할'],
  ['host', '호스트'],
  ['pid', '프로세스번호'],
  ['draining', '종료대기'],
  ['cpu', '코어사용량'],
  ['memoryBytes', '메모리바이트'],
  ['startedAt', '시작시간'],
  ['scaling', '확장'],
  ['wanted', '목표개수'],
  ['starting', '시작중개수'],
  ['reason', '사유'],
  ['abilities', '기능'],
  ['notAvailable', '사용불가'],
  ['effects', '처리기록위치'],
  ['reasons', '사유'],
  ['version', '버전'],
]

const ENGLISH = new Map(REQUEST_WORDS.map(([english, korean]) => [korean, english]))
const KOREAN_REQUEST = new Map(REQUEST_WORDS)
const KOREAN = new Map([...REQUEST_WORDS, ...ANSWER_WORDS])

/** What is below these is the sender's or the operator's own data: its keys are not ours to translate. */
const OPAQUE = new Set(['attributes', 'result'])

/** Whether an object uses a Korean word of a request. */
export function speaksKorean(body: object): boolean {
  return (
    '타입' in body ||
    '내용' in body ||
    '메시지목록' in body ||
    '속성들' in body ||
    '초당처리량' in body ||
    '동시처리수' in body ||
    '최대대기초' in body
  )
}

/** Whether an object uses an English word that has a Korean twin; with neither, the header decides. */
export function speaksEnglish(body: object): boolean {
  for (const [english] of REQUEST_WORDS) if (english in body) return true
  return false
}

/** The same object under English words. One level deep: what is inside belongs to the next reader. */
export function toEnglish(body: object): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(body)) {
    const word = ENGLISH.get(key) ?? key
    if (Object.hasOwn(out, word)) {
      throw new Refusal('invalid_body', `"${key}" says the same as "${word}"`, {
        faults: [{ path: word, problem: 'twice' }],
      })
    }
    out[word] = value
  }
  return out
}

/** A field's path in the words of a Korean request; words without a twin stay. Only the sender's own level is ours. */
export function koreanPath(path: string): string {
  const parts = path.split('.')
  const opaque = parts.indexOf('attributes')
  return parts
    .map((part, i) => (opaque >= 0 && i > opaque ? part : (KOREAN_REQUEST.get(part) ?? part)))
    .join('.')
}

/** The same data under Korean keys. */
export function toKorean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toKorean)
  if (typeof value !== 'object' || value === null) return value
  const out: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    out[KOREAN.get(key) ?? key] = OPAQUE.has(key) ? inner : toKorean(inner)
  }
  return out
}

/** The same JSON schema with Korean property names, so that the documented Korean wire cannot drift from the table. */
export function koreanSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(koreanSchema)
  if (typeof schema !== 'object' || schema === null) return schema
  const out: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(schema)) {
    if (key === 'properties') out[key] = koreanProperties(inner as Record<string, unknown>)
    else if (key === 'required') out[key] = (inner as string[]).map((name) => KOREAN.get(name) ?? name)
    else out[key] = koreanSchema(inner)
  }
  return out
}

function koreanProperties(properties: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [name, inner] of Object.entries(properties)) {
    out[KOREAN.get(name) ?? name] = OPAQUE.has(name) ? inner : koreanSchema(inner)
  }
  return out
}

/**
 * The language a header `Accept-Language` asks for, by quality and then by order; undefined when it names neither
 * (RFC 9110 §12.5.4).
 */
export function preferredLanguage(header: string | undefined): Language | undefined {
  if (header === undefined) return undefined
  let best: Language | undefined
  let bestQuality = 0
  for (const range of header.toLowerCase().split(',')) {
    const [tag = '', ...parameters] = range.trim().split(';')
    const language = /^ko(-|$)/.test(tag.trim()) ? 'ko' : /^en(-|$)/.test(tag.trim()) ? 'en' : undefined
    const quality = Number(parameters.map((p) => /^\s*q=([\d.]+)\s*$/.exec(p)?.[1]).find(Boolean) ?? 1)
    if (language !== undefined && quality > bestQuality) {
      best = language
      bestQuality = quality
    }
  }
  return best
}
