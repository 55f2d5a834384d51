/** What the audit of every message says, as criteria. An id that ends in `.lost` and fails makes the whole grade F. */
import type { AuditVerdict, FindingKind } from '../auditor.ts'
import type { Criterion, Experiment, Figure } from '../report/document.ts'
import { criterion, shown, words } from './findings.ts'

const SHOWN = 3

/** Up to three of a kind, with their reasons. */
function examplesOf({ findings }: AuditVerdict, kind: FindingKind): string {
  const found = findings.filter((finding) => finding.kind === kind).slice(0, SHOWN)
  const told = found.map(({ ref, id, why }) => `${ref ?? id ?? '?'}: ${why}`)
  return told.length === 0 ? '' : ` (${told.join('; ')})`
}

const TITLES = {
  lost: words('Messages acknowledged and lost', '승인되었으나 유실된 메시지'),
  duplicated: words('Messages whose work was done more than once', '두 번 이상 처리된 메시지'),
  unexpected: words('Messages that nobody had sent', '아무도 보내지 않은 메시지'),
  unfinished: words(
    'Messages without an end when the looking ended',
    '관찰이 끝날 때까지 끝나지 않은 메시지',
  ),
} as const

/** The four counts of a total-queue audit; none of any is what passes. */
export function auditCriteria(experiment: Experiment, verdict: AuditVerdict, recorded: boolean): Criterion[] {
  const from = recorded
    ? words(
        'what the client saw, how the service says each ended, and the back end’s own record',
        '클라이언트 기록, 서비스가 알려 준 결과, 백엔드 자체 기록',
      )
    : words(
        'what the client saw and how the service says each ended',
        '클라이언트 기록과 서비스가 알려 준 결과',
      )
  const { attempted, acknowledged } = verdict
  return (['lost', 'duplicated', 'unexpected', 'unfinished'] as const).map((kind) => {
    const examples = examplesOf(verdict, kind)
    return criterion({
      id: `${experiment}.${kind}`,
      title: TITLES[kind],
      bound: { kind: 'exactly', value: 0 },
      measured: verdict[kind],
      unit: '',
      evidence: words(
        `Audit of every id: ${shown(attempted)} attempted, ${shown(acknowledged)} acknowledged; from ` +
          `${from.en}.${examples}`,
        `모든 아이디 감사: 시도 ${shown(attempted)}, 승인 ${shown(acknowledged)}; 근거는 ${from.ko}.${examples}`,
      ),
    })
  })
}

/** All that were sent were acknowledged: what was refused or got no answer would flatter the rest. */
export function acceptedCriterion(
  experiment: Experiment,
  { attempted, acknowledged, refused, unknown }: AuditVerdict,
) {
  return criterion({
    id: `${experiment}.accepted`,
    title: words('Messages acknowledged, of those sent', '보낸 메시지 중 승인된 비율'),
    bound: { kind: 'at-least', value: 100 },
    measured: attempted === 0 ? null : (acknowledged / attempted) * 100,
    unit: '%',
    evidence: words(
      `${shown(acknowledged)} of ${shown(attempted)} answered 2xx; ${shown(refused)} refused, ` +
        `${shown(unknown)} without an answer.`,
      `${shown(attempted)}건 중 ${shown(acknowledged)}건이 2xx 응답; 거부 ${shown(refused)}, 무응답 ${shown(unknown)}.`,
    ),
  })
}

export const auditFigures = (experiment: Experiment, { recovered, ok }: AuditVerdict): Figure[] => [
  {
    id: `${experiment}.ok`,
    title: words('Messages that came out exactly once', '정확히 한 번 처리된 메시지'),
    value: ok,
    unit: '',
  },
  {
    id: `${experiment}.recovered`,
    title: words(
      'Not acknowledged and came out all the same (allowed)',
      '승인되지 않았지만 처리된 메시지(허용)',
    ),
    value: recovered,
    unit: '',
  },
]
