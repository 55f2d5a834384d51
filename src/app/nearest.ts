/** "did you mean": the known word closest to a mistyped one. */

/** ` (did you mean x?)`, or nothing when no word is near. Case, dashes and underscores do not count. */
export function nearest(word: string, known: readonly string[]): string {
  const wanted = plain(word)
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(wanted, plain(candidate)) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  const near = best && best.distance <= Math.max(1, wanted.length / 3)
  return near ? ` (did you mean ${best.candidate}?)` : ''
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '')
}

/** Levenshtein's distance, two rows at a time. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const line = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      line.push(Math.min(swap, (above[j] ?? 0) + 1, (line[j - 1] ?? 0) + 1))
    }
    above = line
  }
  return above[b.length] ?? 0
}
