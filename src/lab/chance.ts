/** Chance that can be repeated: everything that the lab draws comes from a seed that its report names. */
import { hashOf, type Random } from '../core/index.ts'

const hash = (text: string, seed: number): number => hashOf(text, Math.imul(seed, 0x9e3779b1))

/** Uniform in [0, 1): the same for the same seed and text, in every process and in every order of asking. */
export const draw = (seed: number, text: string): number => hash(text, seed) / 2 ** 32

/**
 * A generator of its own for each purpose (`name`), so that drawing more for one changes nothing of another. Uniform in
 * [0, 1); sfc32 of PractRand (C. Doty-Humphrey), which is small, fast, and passes its tests.
 */
export function seeded(seed: number, name: string): Random {
  let a = hash(`${name} a`, seed) | 0
  let b = hash(`${name} b`, seed) | 0
  let c = hash(`${name} c`, seed) | 0
  let counter = 1
  const next = () => {
    const sum = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }
  // The first dozen still show the seed.
  for (let i = 0; i < 12; i++) next()
  return next
}
