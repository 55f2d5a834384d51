/** Refusals as the gateway makes them: a code of the catalogue and field faults that can be said in either language. */
import { type ErrorCode, type FieldFault, WeirError } from '../core/index.ts'

/** `{limit}` is replaced by the bound that was passed. */
export const PROBLEMS = {
  required: { en: 'is required', ko: '필수 항목입니다' },
  string: { en: 'must be text', ko: '문자열이어야 합니다' },
  integer: { en: 'must be a whole number', ko: '정수여야 합니다' },
  number: { en: 'must be a number', ko: '숫자여야 합니다' },
  object: { en: 'must be a JSON object', ko: 'JSON 객체여야 합니다' },
  array: { en: 'must be a list', ko: '목록이어야 합니다' },
  blank: { en: 'must not be blank', ko: '비어 있을 수 없습니다' },
  malformed: { en: 'has characters that are not allowed', ko: '허용되지 않는 문자가 있습니다' },
  too_short: { en: 'must have at least {limit}', ko: '최소 {limit}개여야 합니다' },
  too_long: { en: 'must not be longer than {limit}', ko: '최대 길이는 {limit}입니다' },
  too_small: { en: 'must be at least {limit}', ko: '{limit} 이상이어야 합니다' },
  too_big: { en: 'must be at most {limit}', ko: '{limit} 이하여야 합니다' },
  one_of: { en: 'must be one of {limit}', ko: '다음 중 하나여야 합니다: {limit}' },
  unknown_field: { en: 'is not known here', ko: '알 수 없는 항목입니다' },
  too_deep: { en: 'is nested deeper than {limit} levels', ko: '{limit}단계보다 깊게 중첩되었습니다' },
  prototype_key: { en: 'has a key that is not allowed', ko: '허용되지 않는 키가 있습니다' },
  twice: { en: 'is given twice', ko: '두 번 지정되었습니다' },
  before_delay: { en: 'must be longer than delayMs', ko: 'delayMs보다 길어야 합니다' },
  unavailable: { en: 'is not available here', ko: '여기서는 사용할 수 없습니다' },
  invalid: { en: 'is not valid', ko: '올바르지 않습니다' },
} as const satisfies Record<string, { en: string; ko: string }>

export type Problem = keyof typeof PROBLEMS

export interface Fault {
  /** In English words, dots between: `messages.3.content`. */
  readonly path: string
  readonly problem: Problem
  readonly limit?: number | string
}

export function say(fault: Fault, language: 'en' | 'ko'): string {
  return PROBLEMS[fault.problem][language].replace('{limit}', String(fault.limit))
}

/** A refusal whose faults know both languages. */
export class Refusal extends WeirError {
  readonly problems: readonly Fault[]

  constructor(
    code: ErrorCode,
    detail: string,
    more: { faults?: readonly Fault[]; retryAfterMs?: number } = {},
  ) {
    const problems = more.faults ?? []
    super(code, detail, {
      ...(more.retryAfterMs === undefined ? {} : { retryAfterMs: more.retryAfterMs }),
      ...(problems.length === 0 ? {} : { faults: problems.map(englishFault) }),
    })
    this.problems = problems
  }
}

function englishFault(fault: Fault): FieldFault {
  return { field: fault.path, problem: say(fault, 'en') }
}

/** The titles of the catalogue in Korean; complete by its type. */
export const KOREAN_TITLES: Record<ErrorCode, string> = {
  not_json: '본문이 JSON 형식이 아닙니다',
  invalid_body: '본문의 형식이 올바르지 않습니다',
  invalid_query: '쿼리 매개변수가 올바르지 않습니다',
  invalid_header: '헤더 형식이 올바르지 않습니다',
  malformed_request: '올바른 HTTP 요청이 아닙니다',
  unknown_type: '지원하지 않는 메시지 타입입니다',
  too_deep: 'JSON 중첩이 너무 깊습니다',
  not_found: '존재하지 않는 경로입니다',
  message_not_found: '해당 아이디의 메시지가 없습니다',
  type_not_found: '해당 이름의 메시지 타입이 없습니다',
  method_not_allowed: '이 경로에서 지원하지 않는 메서드입니다',
  request_timeout: '요청이 제한 시간 안에 도착하지 않았습니다',
  idempotency_key_reused: '같은 멱등성 키가 다른 본문에 사용되었습니다',
  duplicate_id: '같은 아이디의 메시지가 이미 있습니다',
  not_a_dead_letter: '처리 불가 메시지가 아닙니다',
  body_too_large: '본문이 너무 큽니다',
  batch_too_large: '배치의 메시지가 너무 많습니다',
  unsupported_media_type: 'Content-Type은 application/json이어야 합니다',
  backlog_full: '이 타입의 예상 대기 시간이 너무 깁니다',
  headers_too_large: '요청 헤더가 너무 큽니다',
  internal: '내부 오류가 발생했습니다',
  not_available: '이 엔진은 해당 기능을 제공하지 않습니다',
  overloaded: '현재 처리 중인 요청이 너무 많습니다',
  stopping: '서비스가 종료되는 중입니다',
  storage_failed: '저장소에 기록하지 못했습니다',
  broker_unavailable: '메시지 브로커에 연결할 수 없습니다',
  broker_blocked: '메시지 브로커가 지금 메시지를 받지 않습니다',
  storage_full: '디스크 공간이 부족합니다',
  data_dir_in_use: '다른 프로세스가 데이터 디렉터리를 사용 중입니다',
  invalid_setting: '설정 값이 범위를 벗어났습니다',
}
