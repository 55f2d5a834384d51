/** What one step has changed in memory and the store must be told: dirty slots, rows to delete, the audit trail. */
import type { DoorSettings } from '../../../waiting-room/index.ts'
import type { AuditRow, EventState, LineWrite, VisitRow } from './rows.ts'
import { eventRow } from './rows.ts'

/** A write before the engine has given it its place in the chain. */
export type StepWrite = Omit<LineWrite, 'chain'>

export class Changes {
  #event = false
  #door = false
  /** As last written: what is still the same object need not be written again. */
  #window: EventState['window'] | undefined
  #draw: EventState['draw'] | undefined
  readonly #dirty = new Set<number>()
  #forgotten: number[] = []
  #audit: AuditRow[] = []

  /** The row of this slot is another one now. */
  touch(slot: number): void {
    this.#dirty.add(slot)
    this.#event = true
  }

  /** The row with this number is to go; `slot` is free again. */
  forget(slot: number, no: number): void {
    this.#dirty.delete(slot)
    this.#forgotten.push(no)
    this.#event = true
  }

  note(entry: AuditRow): void {
    this.#audit.push(entry)
    this.#event = true
  }

  touchDoor(): void {
    this.#door = true
    this.#event = true
  }

  /** All rows so far are void by their epoch: nothing of them need be written. */
  voidRows(): void {
    this.#dirty.clear()
    this.#forgotten = []
    this.#event = true
  }

  /** Hands over what there is and starts anew; undefined = nothing changed. */
  take(
    event: string,
    door: DoorSettings,
    state: EventState,
    row: (slot: number) => VisitRow,
  ): StepWrite | undefined {
    if (!this.#event) return undefined
    const rows: VisitRow[] = []
    for (const slot of this.#dirty) rows.push(row(slot))
    const write: StepWrite = {
      event,
      door: this.#door ? JSON.stringify(door) : null,
      state: eventRow(state, this.#window, this.#draw),
      rows,
      forgotten: this.#forgotten,
      audit: this.#audit,
    }
    this.#event = false
    this.#door = false
    this.#window = state.window
    this.#draw = state.draw
    this.#dirty.clear()
    this.#forgotten = []
    this.#audit = []
    return write
  }
}
