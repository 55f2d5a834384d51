/** What steps have changed in memory and the store must be told: dirty slots, rows to delete, the audit trail. */
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
  #count = 0

  /** Rows and entries that there were to write so far: another number when something has to be written anew. */
  get count(): number {
    return this.#count
  }

  /** The row of this slot is another one now. */
  touch(slot: number): void {
    if (this.#dirty.has(slot)) return
    this.#dirty.add(slot)
    this.#changed()
  }

  /** The row with this number is to go; `slot` is free again. */
  forget(slot: number, no: number): void {
    this.#dirty.delete(slot)
    this.#forgotten.push(no)
    this.#changed()
  }

  note(entry: AuditRow): void {
    this.#audit.push(entry)
    this.#changed()
  }

  touchDoor(): void {
    this.#door = true
    this.#changed()
  }

  /** All rows so far are void by their epoch: nothing of them need be written. */
  voidRows(): void {
    this.#dirty.clear()
    this.#forgotten = []
    this.#changed()
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

  #changed(): void {
    this.#event = true
    this.#count++
  }
}
