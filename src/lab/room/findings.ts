/** What a room can be found to have done wrong, in the words of its numbered promises. */

export const ROOM_FINDINGS = {
  over_admission: 'L3: more visitors inside at once than the threshold allows',
  order: 'L2: a later visitor was put before an earlier one',
  identity_leak: 'L6: a visitor was told who another one is',
  lost_place: 'L1, L4: a ticket or a place was lost, changed or given twice',
  never_admitted: 'L5: a visitor who was there was not let in',
} as const

export type RoomFindingKind = keyof typeof ROOM_FINDINGS

export interface RoomFinding {
  readonly kind: RoomFindingKind
  /** When it was noticed, as in the history. */
  readonly at: number
  /** One sentence that names the visitors, tickets and numbers concerned. */
  readonly says: string
}

/** Kept of each kind; the rest is counted. A broken room breaks its promise to everybody at once. */
const KEPT = 20

export class RoomFindings {
  readonly #kept: RoomFinding[] = []
  readonly #counts = new Map<RoomFindingKind, number>()

  add(kind: RoomFindingKind, at: number, says: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    if (count <= KEPT) this.#kept.push({ kind, at, says })
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  counts(): Partial<Record<RoomFindingKind, number>> {
    return Object.fromEntries(this.#counts)
  }

  kept(): readonly RoomFinding[] {
    return this.#kept.toSorted((a, b) => a.at - b.at)
  }
}
