/**
 * A number from a text that looks like chance and is the same in every process: FNV-1a over the text, then the
 * finaliser of MurmurHash3, so that texts that differ in one digit land far apart. 32 bits, unsigned. `seed` starts it
 * elsewhere; seeds that differ in few bits have to be spread by whoever makes them.
 */
export function hashOf(text: string, seed: number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
