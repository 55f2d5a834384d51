/**
 * Which messages of a type this process has published and not been delivered yet: their sender knows them to be in the
 * queue, so an answer "there is no more" must not be given while one of them may be on its way here.
 */

/** Beyond it they are not told apart any more: others consume the type, or nobody does. */
const MOST = 20_000

export class OnTheWay {
  readonly #unconfirmed = new Set<string>()
  readonly #confirmed = new Set<string>()

  sending(id: string): void {
    if (this.#unconfirmed.size < MOST) this.#unconfirmed.add(id)
  }

  /** The broker has it, or it could not be sent. A delivery may well be faster than the confirm. */
  sent(id: string, confirmed: boolean): void {
    if (this.#unconfirmed.delete(id) && confirmed && this.#confirmed.size < MOST) this.#confirmed.add(id)
  }

  arrived(id: string): void {
    if (!this.#unconfirmed.delete(id)) this.#confirmed.delete(id)
  }

  /** Those that were confirmed by now, to be crossed off when the broker has delivered all it had. */
  mark(): readonly string[] {
    return this.#confirmed.size === 0 ? [] : [...this.#confirmed]
  }

  /** Not here, so somebody else has them. */
  crossOff(ids: readonly string[]): void {
    for (const id of ids) this.#confirmed.delete(id)
  }
}
