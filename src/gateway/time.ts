/** ISO 8601 of a wall-clock time. The last one is kept: the messages of one batch share theirs. */
let lastMs = Number.NaN
let lastText = ''

export function iso(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString()
    lastMs = ms
  }
  return lastText
}
