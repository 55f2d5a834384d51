/** All connections break at once, as when a network or a process ends, and come back spread over a window. */
import { type Clock, pause, type Random } from '../../core/index.ts'
import { inLanes } from './api.ts'
import type { ReconnectReport } from './report.ts'
import type { VirtualVisitor } from './visitor.ts'

interface Context {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly windowMs: number
  readonly lanes: number
}

/** Beyond the window, for those who come last. */
const LATE_MS = 30_000

export async function reconnected(
  all: readonly VirtualVisitor[],
  { clock, random, signal, windowMs, lanes }: Context,
  until: (done: () => boolean, limitMs: number) => Promise<void>,
): Promise<ReconnectReport> {
  const there = all.filter(({ phase }) => phase === 'waiting' || phase === 'inside')
  await inLanes(there, lanes, (visitor) => visitor.look(), signal)
  const before = there.map(({ phase, ticket, position }) => ({ phase, ticket, position }))
  for (const visitor of there) visitor.drop()
  const coming = there.map(async (visitor) => {
    await pause(clock, random() * windowMs, signal)
    visitor.back()
  })
  await Promise.all(coming)
  const isBack = (visitor: VirtualVisitor): boolean => visitor.isPresent || visitor.phase === 'failed'
  await until(() => there.every(isBack), LATE_MS)
  const back = there.filter((visitor) => visitor.isPresent)
  await inLanes(back, lanes, (visitor) => visitor.look(), signal)
  const counts = { same: 0, ahead: 0, lost: 0 }
  for (const [i, visitor] of there.entries()) {
    const old = before[i]
    if (!old || (!visitor.isPresent && visitor.phase !== 'failed')) continue
    counts[compared(old, visitor)]++
  }
  return { dropped: there.length, back: back.length, windowSeconds: windowMs / 1000, ...counts }
}

type Place = Pick<VirtualVisitor, 'phase' | 'ticket' | 'position'>

function compared(old: Place, now: Place): 'same' | 'ahead' | 'lost' {
  if (now.phase === 'failed' || now.ticket !== old.ticket) return 'lost'
  if (now.phase !== old.phase) return now.phase === 'inside' ? 'ahead' : 'lost'
  if (now.position === old.position) return 'same'
  return now.position < old.position ? 'ahead' : 'lost'
}
