/**
 * Child: what the line would be without its structures: a Map of objects and a list in the order of arrival. Nothing is
 * durable and nothing is checked; it enters people, and finds a place by counting those before it who still wait.
 */
import { answer, childConfig } from '../harness/child.ts'
import { visitorId } from './event.ts'

interface Config {
  readonly visitors: number
  /** How many places are asked for; counting takes its time. */
  readonly looks: number
}

interface Waiting {
  readonly visitor: string
  readonly ticket: number
  readonly enteredAt: number
  seenAt: number
  state: 'waiting' | 'left'
}

const { visitors, looks } = childConfig<Config>()
const bareMb = process.memoryUsage().rss / 2 ** 20
const byName = new Map<string, Waiting>()
const list: Waiting[] = []
const began = performance.now()
for (let i = 0; i < visitors; i++) {
  // As from a token: text that nobody else holds.
  const visitor = visitorId(i)
  const now = Date.now()
  const one: Waiting = { visitor, ticket: i + 1, enteredAt: now, seenAt: now, state: 'waiting' }
  byName.set(visitor, one)
  list.push(one)
}
const enters = visitors / ((performance.now() - began) / 1000)
const residentMb = process.memoryUsage().rss / 2 ** 20 - bareMb

const asked = performance.now()
let sum = 0
for (let look = 0; look < looks; look++) {
  const one = byName.get(visitorId((look * 7_919) % visitors))
  let position = 1
  for (let at = 0; at < (one?.ticket ?? 1) - 1; at++) if (list[at]?.state === 'waiting') position++
  sum += position
}
const positions = looks / ((performance.now() - asked) / 1000)
if (sum === 0) throw new Error('nobody has a place')
answer({ enters, positions, residentMb })
