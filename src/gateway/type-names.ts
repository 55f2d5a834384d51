/** From what a sender writes to the type's canonical name. Which names exist does not change while running. */
import type { MessageType, TypeSettings } from '../core/index.ts'

export class TypeNames {
  readonly #names = new Map<string, MessageType>()
  readonly #exact = new Set<MessageType>()

  constructor(types: readonly TypeSettings[]) {
    for (const type of types) {
      this.#exact.add(type.name)
      for (const spelling of [type.name, ...type.aliases]) this.#names.set(fold(spelling), type.name)
    }
  }

  /** The canonical name, or undefined where there is none. */
  resolve(written: string): MessageType | undefined {
    return this.#exact.has(written) ? written : this.#names.get(fold(written))
  }

  get all(): string[] {
    return [...this.#exact]
  }
}

/** macOS writes Korean decomposed; both forms are the same word. */
function fold(written: string): string {
  return written.trim().normalize('NFC').toUpperCase()
}
