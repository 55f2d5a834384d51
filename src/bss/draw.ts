/** Chance that can be repeated: a number that depends on nothing but its seed, its purpose and a message id. */
import { hashOf } from '../core/index.ts'

/** Uniform in [0, 1): the same for the same arguments, in every process. `purpose` separates draws for one id. */
export function draw(seed: number, purpose: number, id: string): number {
  return hashOf(id, Math.imul(seed, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x7feb352d)) / 2 ** 32
}
