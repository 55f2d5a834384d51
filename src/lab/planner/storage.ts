/**
 * What waiting messages take of the embedded engine's disk and memory. The figures are measured ones, and upper bounds:
 * `test/lab/plan-storage.test.ts` fills a real store and holds them against its file.
 */

/** A message's row with its keys and indexes, and a short result once it is finished. */
const BYTES_PER_MESSAGE = 310
/** SQLite keeps rows in pages of 4 KiB; what does not fill one is lost to it. */
const BYTES_PER_CONTENT_BYTE = 1.3
/** The write-ahead log beside the file, which is carried over into it in pieces of this order. */
const LOG_BYTES = 32 * 1024 * 1024

export interface StoragePlan {
  /** Content and attributes of one message, bytes of UTF-8 JSON. */
  readonly messageBytes: number
  /** Of the file, one message. */
  readonly bytesPerMessage: number
  /** Of the file, at the peak of the backlog. */
  readonly backlogBytes: number
  /** With the finished ones that are kept for RETENTION_HOURS, should that be longer than all of it takes. */
  readonly keptBytes: number
  /** The log beside it, at most about. */
  readonly logBytes: number
  /** 0: bodies stay on disk, and what is kept of a waiting message in memory does not grow with their number. */
  readonly memoryBytesPerMessage: 0
}

/**
 * For `waiting` messages at the peak, `all` until everything is done. The subscriber registry of the BSS types is not
 * in it.
 */
export function storageOf(waiting: number, all: number, messageBytes: number): StoragePlan {
  const bytesPerMessage = BYTES_PER_MESSAGE + BYTES_PER_CONTENT_BYTE * messageBytes
  return {
    messageBytes,
    bytesPerMessage,
    backlogBytes: waiting * bytesPerMessage,
    keptBytes: Math.max(waiting, all) * bytesPerMessage,
    logBytes: LOG_BYTES,
    memoryBytesPerMessage: 0,
  }
}
