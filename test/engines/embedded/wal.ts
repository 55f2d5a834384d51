/**
 * Just enough of SQLite's log format to cut it where a power cut may have cut it: a header of 32 bytes, then frames of
 * 24 bytes and a page each. A frame belongs to the current round of the log when it carries the header's two salts.
 * https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 */
const HEADER = 32
const FRAME_HEADER = 24

/** The salts of the current round; undefined while there is no header yet. */
export function saltsOf(wal: Buffer): string | undefined {
  return wal.length < HEADER ? undefined : wal.toString('hex', 16, 24)
}

/** Where the frames of the current round end; what follows is left over from rounds before. */
export function endOfLog(wal: Buffer): number {
  const salts = saltsOf(wal)
  if (salts === undefined) return 0
  const frame = FRAME_HEADER + wal.readUInt32BE(8)
  let end = HEADER
  while (end + frame <= wal.length && wal.toString('hex', end + 8, end + 16) === salts) end += frame
  return end
}
