/** The one layer that turns English results and refusals into the sender's wire language. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, type ErrorCode, type WeirError } from '../core/index.ts'
import { KOREAN_TITLES, PROBLEMS, Refusal, say } from './refusal.ts'
import { koreanPath, type Language, preferredLanguage, toKorean } from './wire.ts'

/** What a Korean answer looks like: how an English result becomes it, and its schema for the documents. */
export interface KoreanForm {
  /** `now` is a wall-clock time in milliseconds. */
  readonly make: (result: never, now: number) => unknown
  /** The older clients expect 200 where the English wire says 202. */
  readonly status?: number
  readonly schema?: object
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Routes without one answer the same in both languages. */
    korean?: KoreanForm
    /** Codes this route may refuse with, for the documents. */
    refusals?: readonly ErrorCode[]
    /** A refusal here is a refused message, and counted as one. */
    intake?: boolean
  }
  interface FastifyRequest {
    /** Set by the body's words, or by the header when it is first asked for. */
    language: Language | undefined
  }
}

/** The same data under Korean keys. */
export const TRANSLATED: KoreanForm = { make: (result: unknown) => toKorean(result) }

export class Presenter {
  readonly #fallback: Language
  readonly #now: () => number

  constructor(fallback: Language, now: () => number) {
    this.#fallback = fallback
    this.#now = now
  }

  languageOf(request: FastifyRequest): Language {
    request.language ??= preferredLanguage(request.headers['accept-language']) ?? this.#fallback
    return request.language
  }

  /** A preSerialization hook. Korean bodies bypass the compiled English serialiser, which would drop their keys. */
  result(
    request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: (e: null, p: unknown) => void,
  ): void {
    const form = request.routeOptions.config.korean
    if (form === undefined || this.languageOf(request) === 'en') return done(null, payload)
    if (form.status !== undefined) reply.code(form.status)
    reply.serializer(JSON.stringify)
    done(null, form.make(payload as never, this.#now()))
  }

  refusal(request: FastifyRequest, reply: FastifyReply, error: WeirError): FastifyReply {
    const language = this.languageOf(request)
    const retry = retryAfterSeconds(error)
    if (retry !== undefined) reply.header('retry-after', String(retry))
    reply.code(error.status).type(contentType(language))
    return reply.send(refusalText(error, language, request.url, this.#now()))
  }
}

function contentType(language: Language): string {
  return language === 'ko' ? 'application/json; charset=utf-8' : 'application/problem+json; charset=utf-8'
}

export function retryAfterSeconds(error: WeirError): number | undefined {
  return error.retryAfterMs === undefined ? undefined : Math.max(1, Math.ceil(error.retryAfterMs / 1000))
}

/** The body of a refusal; also for requests that never became one (`clientError`). */
export function refusalText(error: WeirError, language: Language, instance: string, now: number): string {
  if (language === 'ko') return JSON.stringify(koreanRefusal(error, now))
  return JSON.stringify({
    type: `/docs/errors#${error.code}`,
    title: ERRORS[error.code].title,
    status: error.status,
    detail: error.message,
    instance,
    code: error.code,
    ...(error.faults === undefined ? {} : { errors: error.faults }),
  })
}

function koreanRefusal(error: WeirError, now: number): object {
  const retry = retryAfterSeconds(error)
  const faults = koreanFaults(error)
  return {
    성공: false,
    메시지: KOREAN_TITLES[error.code],
    타임스탬프: new Date(now).toISOString(),
    세부정보: {
      코드: error.code,
      상태코드: error.status,
      // What to set, in the words of the settings; the title alone would leave the operator guessing.
      ...(error.code === 'not_available' ? { 설명: error.message } : {}),
      ...(faults.length === 0 ? {} : { 오류목록: faults }),
      ...(retry === undefined ? {} : { 재시도초: retry }),
    },
  }
}

export function koreanFaults(error: WeirError): { 항목: string; 문제: string }[] {
  // Query parameters have one spelling in both languages.
  const name = error.code === 'invalid_query' ? (path: string) => path : koreanPath
  if (error instanceof Refusal) {
    return error.problems.map((fault) => ({ 항목: name(fault.path), 문제: say(fault, 'ko') }))
  }
  return (error.faults ?? []).map((fault) => ({ 항목: name(fault.field), 문제: PROBLEMS.invalid.ko }))
}
