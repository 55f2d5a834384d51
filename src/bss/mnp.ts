/** 번호이동. A line goes to `toCarrier`, to us unless the message says otherwise; its contract stays as it is. */
import { adopted, differs, type Line, OUR_CARRIER, type Rules } from './line.ts'

export const mnp: Rules = {
  service: 'mnp',

  refusal(line, request) {
    const target = request.toCarrier ?? OUR_CARRIER
    if (request.fromCarrier === target) return `the line is to be ported from ${target} to ${target}`
    if (!line) return undefined
    if (line.status === 'terminated') return `line ${line.number} is terminated`
    if (line.status === 'active' && line.carrier === target)
      return `line ${line.number} is already with ${target}`
    if (differs(line.carrier, request.fromCarrier)) {
      return `line ${line.number} is with ${line.carrier}, not with ${request.fromCarrier}`
    }
    return undefined
  },

  next(line, request, outcome, messageId) {
    const base: Line = line ?? { ...adopted(request, messageId), carrier: request.fromCarrier ?? null }
    const target = request.toCarrier ?? OUR_CARRIER
    switch (outcome) {
      case '이동완료':
        return { ...base, carrier: target, status: 'active', changedBy: messageId }
      case '이동대기':
        return { ...base, status: 'porting', changedBy: messageId }
      default:
        // Cancelled: a pending port ends, and a number kept in reserve stays in reserve.
        return { ...base, status: base.status === 'porting' ? 'active' : base.status, changedBy: messageId }
    }
  },
}
