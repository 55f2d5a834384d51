/** The port that keeps a switch (monitoring on or off) for every process and every restart. */

export interface SwitchState {
  readonly enabled: boolean
  /** What the environment said when the choice was made: once it says otherwise, the environment wins. */
  readonly environment: boolean
}

export interface SwitchStore {
  /** The last choice, if any was made. Rejects when it cannot be read. */
  load(): Promise<SwitchState | undefined>
  /** Durable when it resolves; rejects with the store's refusal and has then changed nothing. */
  save(state: SwitchState): Promise<void>
  /** Hears of every choice, of this process and of others, in one order for all. Returns the off switch. */
  follow(listener: (state: SwitchState) => void): () => void
}
