/** 해지. Ends an active line; with 번호보존해지 the number stays reserved for its customer. */
import { adopted, differs, type Rules } from './line.ts'

export const termination: Rules = {
  service: 'termination',

  refusal(line, request) {
    if (!line) return undefined
    if (line.status !== 'active') return `line ${line.number} is not active (${line.status})`
    const another = differs(line.customer, request.customer) || differs(line.owner, request.owner)
    return another ? `line ${line.number} is another customer's` : undefined
  },

  next(line, request, outcome, messageId) {
    const base = line ?? adopted(request, messageId)
    const status = outcome === '번호보존해지' ? 'reserved' : 'terminated'
    return { ...base, status, changedBy: messageId }
  },
}
