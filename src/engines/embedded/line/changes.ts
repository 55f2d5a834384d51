/** What one step has changed in memory and the store must be told: dirty slots, rows to delete, the audit trail. */
import type { AuditRow, LineWrite, VisitRow } from './rows.ts'

/** A write before the engine has given it its place in the chain. */
export type StepWrite = Omit<LineWrite, 'chain'>

export class Changes {
  #event = false
  #door = false
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
    door: () => string,
    state: () => string,
    row: (slot: number) => VisitRow,
  ): StepWrite | undefined {
    if (!this.#event) return undefined
    const write: StepWrite = {
      event,
      door: this.#door ? door() : null,
      state: state(),
      rows: Array.from(this.#dirty, row),
      forgotten: this.#forgotten,
      audit: this.#audit,
    }
    this.#event = false
    this.#door = false
    this.#dirty.clear()
    this.#forgotten = []
    this.#audit = []
    return write
  }
}
