/**
 * 가입. A line that somebody else has open is refused. A line that the registry knows in any other way (the
 * same customer's, or one that was closed) comes out as 재가입 whatever the back end called it: it is not new.
 */
import { adopted, differs, isOpen, type Rules } from './line.ts'

export const subscription: Rules = {
  service: 'subscription',

  refusal(line, request) {
    if (!line || !isOpen(line)) return undefined
    if (line.status === 'porting') return `line ${line.number} is being ported`
    const another = differs(line.customer, request.customer) || differs(line.owner, request.owner)
    return another ? `line ${line.number} is active for another customer` : undefined
  },

  outcome: (line, outcome) => (line ? '재가입' : outcome),

  next(line, request, _outcome, messageId) {
    const fresh = adopted(request, messageId)
    if (!line || !isOpen(line)) return fresh
    return {
      ...line,
      customer: line.customer ?? fresh.customer,
      owner: line.owner ?? fresh.owner,
      changedBy: messageId,
    }
  },
}
