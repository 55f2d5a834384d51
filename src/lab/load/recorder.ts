/** Writes a history while a load runs. Owns the file between construction and `close`. */
import { HISTORY_VERSION, type HistoryEvent, historyLine } from '../history.ts'
import { LinesFile } from '../lines-file.ts'

export class HistoryRecorder {
  readonly #file: LinesFile

  /** Begins a new file; throws the file's error when it cannot be written. `effects`: as in the history's header. */
  constructor(path: string, effects = false) {
    this.#file = new LinesFile(path)
    this.#file.write(historyLine({ kind: 'history', version: HISTORY_VERSION, effects }))
  }

  record(event: HistoryEvent): void {
    this.#file.write(historyLine(event))
  }

  flush(): void {
    this.#file.flush()
  }

  close(): void {
    this.#file.close()
  }
}
