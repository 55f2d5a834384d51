/** The pre-queue's lottery as the embedded line keeps it. */
import { chained, commitmentOf, type Draw, EMPTY_ROOT } from '../../../waiting-room/index.ts'
import type { EventState, StoredDraw } from './rows.ts'

/** A draw that nobody has registered for; the next number given out is its first. */
export function newDraw(secret: string, next: number): StoredDraw {
  const commitment = commitmentOf(secret)
  return { commitment, secret, first: next + 1, count: 0, root: EMPTY_ROOT, beacon: null }
}

/** The registration with the number just given out joins the list. */
export function join(draw: StoredDraw, { next }: EventState, visitor: string): StoredDraw {
  return { ...draw, count: draw.count + 1, root: chained(draw.root, next, visitor) }
}

/** What may be told: the secret only after the draw. */
export function drawOf({ commitment, secret, first, count, root, beacon }: StoredDraw): Draw {
  const told = { commitment, first, count, root }
  return beacon === null ? told : { ...told, revealed: { secret, beacon } }
}
