/** The envelopes of the older Korean wire, kept exactly (CONTRACT section 1), with the schemas that document them. */
import Type from 'typebox'
import type { BatchOutcome } from './intake.ts'
import { type KoreanForm, koreanFaults } from './present.ts'
import { KOREAN_TITLES } from './refusal.ts'
import { type Accepted, MonitoringChange, MonitoringStatus, type QueueStatus, type Stats } from './schemas.ts'
import { iso } from './time.ts'
import { toKorean } from './wire.ts'

const Time = Type.String({ format: 'date-time' })
const Count = Type.Integer({ minimum: 0 })
const Percent = Type.String({ pattern: '^\\d+(\\.\\d)?%$' })

function envelope(details: ReturnType<typeof Type.Object>) {
  return Type.Object({ 성공: Type.Boolean(), 메시지: Type.String(), 타임스탬프: Time, 세부정보: details })
}

function percent(part: number, whole: number): string {
  // Rounded down: 999 of 1,000 must not read as 100.0% when one was lost.
  return whole === 0 ? '0.0%' : `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)}%`
}

export const SENT: KoreanForm = {
  status: 200,
  schema: envelope(
    Type.Object({
      메시지아이디: Type.String(),
      메시지타입: Type.String(),
      큐이름: Type.String(),
      전송시간: Time,
    }),
  ),
  make: (sent: Accepted, now) => ({
    성공: true,
    메시지: '메시지가 큐에 전송되었습니다',
    타임스탬프: iso(now),
    세부정보: { 메시지아이디: sent.id, 메시지타입: sent.type, 큐이름: sent.queue, 전송시간: sent.acceptedAt },
  }),
}

export const BATCH_SENT: KoreanForm = {
  status: 200,
  schema: envelope(
    Type.Object({
      원본메시지개수: Count,
      검증성공개수: Count,
      검증실패개수: Count,
      전송성공개수: Count,
      전송실패개수: Count,
      최종성공률: Percent,
      결과목록: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: true }))),
    }),
  ),
  make: (batch: BatchOutcome, now) => {
    const all = batch.results.length
    return {
      성공: batch.accepted > 0,
      메시지: `배치 전송 완료: ${batch.accepted}/${all} 성공`,
      타임스탬프: iso(now),
      세부정보: {
        원본메시지개수: all,
        검증성공개수: batch.valid,
        검증실패개수: all - batch.valid,
        전송성공개수: batch.accepted,
        전송실패개수: batch.valid - batch.accepted,
        최종성공률: percent(batch.accepted, all),
        // The older answer had only counts. Where some were refused, the sender must be able to see which.
        ...(batch.refused === 0 ? {} : { 결과목록: batchItems(batch) }),
      },
    }
  },
}

function batchItems(batch: BatchOutcome): object[] {
  return batch.results.map((item, i) => {
    const refusal = batch.refusals[i]
    if (refusal === undefined) return { 순번: i, 성공: true, 메시지아이디: item.id, 메시지타입: item.type }
    return {
      순번: i,
      성공: false,
      코드: refusal.code,
      메시지: KOREAN_TITLES[refusal.code],
      오류목록: koreanFaults(refusal),
      ...(item.retryAfterSeconds === undefined ? {} : { 재시도초: item.retryAfterSeconds }),
    }
  })
}

export const QUEUE_STATUS: KoreanForm = {
  schema: envelope(
    Type.Object(
      {
        큐이름: Type.String(),
        메시지개수: Count,
        소비자개수: Type.Union([Count, Type.Null()]),
        미확인개수: Count,
        엔진: Type.String(),
      },
      { additionalProperties: true },
    ),
  ),
  make: (status: QueueStatus, now) => {
    const { queue, depth, consumers, ...rest } = status
    return {
      성공: true,
      메시지: '큐 상태 조회 완료',
      타임스탬프: iso(now),
      세부정보: {
        큐이름: queue,
        메시지개수: depth.ready + depth.inFlight + depth.delayed,
        소비자개수: consumers ?? null,
        큐깊이: toKorean(depth),
        ...(toKorean(rest) as object),
      },
    }
  },
}

export const STATS: KoreanForm = {
  schema: Type.Object({
    기본통계: Type.Object({ 총요청수: Count, 성공요청수: Count, 실패요청수: Count, 성공률: Percent }),
    타입별통계: Type.Record(Type.String(), Type.Object({}, { additionalProperties: true })),
    시스템정보: Type.Object({
      시작시간: Time,
      모니터링상태: Type.String(),
      큐설정: Type.Object({ 큐이름: Type.String() }),
    }),
  }),
  make: (stats: Stats) => ({
    기본통계: {
      총요청수: stats.requests.total,
      성공요청수: stats.requests.accepted,
      실패요청수: stats.requests.refused,
      성공률: percent(stats.requests.accepted, stats.requests.total),
    },
    타입별통계: Object.fromEntries(
      Object.entries(stats.types).map(([type, counts]) => [type, typeStats(counts)]),
    ),
    시스템정보: {
      시작시간: stats.startedAt,
      모니터링상태: stats.monitoring ? '활성화' : '비활성화',
      큐설정: { 큐이름: stats.queue },
    },
  }),
}

function typeStats(counts: Stats['types'][string]): object {
  return {
    접수: counts.accepted,
    완료: counts.done,
    거절: counts.rejected,
    실패: counts.failed,
    만료: counts.expired,
    대기: counts.waiting,
  }
}

export const HEALTH: KoreanForm = {
  schema: Type.Object({ 상태: Type.Literal('정상'), 타임스탬프: Time }),
  make: (_health: unknown, now) => ({ 상태: '정상', 타임스탬프: iso(now) }),
}

export const READY: KoreanForm = {
  schema: Type.Object({ 상태: Type.String(), 사유: Type.Array(Type.String()), 타임스탬프: Time }),
  make: (ready: { ready: boolean; reasons: string[] }, now) => ({
    상태: ready.ready ? '정상' : '준비되지않음',
    사유: ready.reasons,
    타임스탬프: iso(now),
  }),
}

interface Change {
  readonly previous_state: boolean
  readonly current_state: boolean
}

/** The same keys in both languages, and the Korean ones beside them. */
export const MONITORING_CHANGED: KoreanForm = {
  schema: Type.Interface([MonitoringChange], {
    성공: Type.Boolean(),
    메시지: Type.String(),
    모니터링상태: Type.String(),
  }),
  make: (change: Change) => {
    const 메시지 = change.current_state ? '모니터링이 활성화되었습니다' : '모니터링이 비활성화되었습니다'
    return { ...change, 성공: true, 메시지, 모니터링상태: change.current_state ? '활성화' : '비활성화' }
  },
}

export const MONITORING_STATUS: KoreanForm = {
  schema: MonitoringStatus,
  make: (status: { monitoring_status: { monitoring_enabled: boolean }; system_info: object }) => ({
    ...status,
    monitoring_status: {
      ...status.monitoring_status,
      status_text: status.monitoring_status.monitoring_enabled ? '활성화' : '비활성화',
    },
  }),
}
