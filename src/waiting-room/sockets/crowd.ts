/** Which sockets a visitor has open, in the order they came; the oldest go when there are too many. */

import type { RoomSocket } from './protocol.ts'

export class Crowd {
  readonly #perVisitor: number
  readonly #sockets = new Map<string, Set<RoomSocket>>()
  size = 0

  constructor(perVisitor: number) {
    this.#perVisitor = Math.max(1, perVisitor)
  }

  /** Those that have to go for it. */
  add(socket: RoomSocket): RoomSocket[] {
    const { visitor } = socket.data
    const theirs = this.#sockets.get(visitor) ?? new Set()
    this.#sockets.set(visitor, theirs)
    theirs.add(socket)
    this.size++
    const replaced = Array.from(theirs).slice(0, Math.max(0, theirs.size - this.#perVisitor))
    for (const old of replaced) this.remove(old)
    return replaced
  }

  remove(socket: RoomSocket): void {
    const theirs = this.#sockets.get(socket.data.visitor)
    if (!theirs?.delete(socket)) return
    this.size--
    if (theirs.size === 0) this.#sockets.delete(socket.data.visitor)
  }

  /** Whether one more of this visitor's makes none more in all. */
  isFull(visitor: string): boolean {
    return (this.#sockets.get(visitor)?.size ?? 0) >= this.#perVisitor
  }
}
