/** 명의변경. The contract of an active line goes to another owner. */
import { adopted, differs, type Rules } from './line.ts'

export const change: Rules = {
  service: 'change',

  refusal(line, request) {
    const { owner, newOwner, customer, newCustomer } = request
    if (newOwner !== undefined && newOwner === (line?.owner ?? owner)) {
      return `the line stands in the name of ${newOwner} already`
    }
    if (newCustomer !== undefined && newCustomer === (line?.customer ?? customer)) {
      return `the line belongs to customer ${newCustomer} already`
    }
    if (!line) return undefined
    if (line.status !== 'active') return `line ${line.number} is not active (${line.status})`
    if (differs(line.owner, owner)) return `line ${line.number} does not stand in the name of ${owner}`
    if (differs(line.customer, customer)) return `line ${line.number} does not belong to customer ${customer}`
    return undefined
  },

  next(line, request, _outcome, messageId) {
    const base = line ?? adopted(request, messageId)
    const { newOwner, newCustomer } = request
    // A message without a new owner (the older clients') records that the line changed hands, not to whom.
    if (newOwner === undefined && newCustomer === undefined) return { ...base, changedBy: messageId }
    return {
      ...base,
      owner: newOwner ?? newCustomer ?? null,
      customer: newCustomer ?? newOwner ?? null,
      changedBy: messageId,
    }
  },
}
