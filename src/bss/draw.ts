/**
 * Chance that can be repeated: a number that depends on nothing but its seed, its purpose and a message id.
 */

/**
 * FNV-1a over the text, then the finaliser of MurmurHash3 so that ids that differ in one digit land far
 * apart.
 */
function hash(text: string, seed: number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * Uniform in [0, 1): the same for the same arguments, in every process. `purpose` separates draws for one
 * id.
 */
export function draw(seed: number, purpose: number, id: string): number {
  return hash(id, Math.imul(seed, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x7feb352d)) / 2 ** 32
}
