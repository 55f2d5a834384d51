/** Settings of a door that cannot be, as the error that callers get. */
import { type FieldFault, WeirError } from '../../../core/index.ts'
import { type DoorSettings, doorFaults } from '../../../waiting-room/index.ts'

export function invalid(faults: readonly FieldFault[]): WeirError {
  const detail = faults.map(({ field, problem }) => `${field} ${problem}`).join('; ')
  return new WeirError('invalid_setting', detail, { faults })
}

/** Throws `invalid_setting`. */
export function checkDoor(door: DoorSettings): void {
  const faults = doorFaults(door)
  if (faults.length > 0) throw invalid(faults)
}

/** `old` with these changes. Throws `invalid_setting`. */
export function changedDoor(old: DoorSettings, change: Partial<DoorSettings>): DoorSettings {
  const door = { ...old, ...change }
  const faults = doorFaults(door)
  if (door.mode !== old.mode && (door.mode === 'prequeue' || old.mode === 'prequeue'))
    faults.unshift({ field: 'mode', problem: 'a pre-queue is begun and opened, not set' })
  if (faults.length > 0) throw invalid(faults)
  return door
}
