/**
 * Names to slots and back, for a million and more: the names lie in one byte array, one or two bytes a character, and
 * the table is open-addressed over typed arrays. A `Map` of strings takes three times the memory, and every garbage
 * collection walks through all of it.
 */
const SMALLEST = 256
/** Slots used of the table, at most; beyond it runs of probes grow long. */
const FULL = 0.6
const GROWTH = 1.25

export class Names {
  /** Slot + 1 at the place its hash says, or after it; 0 = free. */
  #table = new Int32Array(SMALLEST * 2)
  #hashes = new Uint32Array(SMALLEST)
  #starts = new Uint32Array(SMALLEST)
  /** Characters; negative: two bytes each. */
  #lengths = new Int16Array(SMALLEST)
  #bytes = Buffer.allocUnsafeSlow(SMALLEST * 32)
  #end = 0
  #wasted = 0
  #size = 0
  readonly #seed: number

  /** `seed`: a random number, so that nobody can choose names that collide. */
  constructor(seed: number) {
    this.#seed = seed | 0
  }

  get size(): number {
    return this.#size
  }

  /** Room for so many names of `bytes` each; untouched memory costs nothing. */
  reserve(names: number, bytes: number): void {
    if (names > this.#hashes.length) this.#resizeSlots(names)
    let places = this.#table.length
    while (names >= places * FULL) places *= 2
    if (places > this.#table.length) this.#resizeTable(places)
    const end = Math.ceil(names * bytes)
    if (end > this.#bytes.length) this.#makeRoom(end - this.#end)
  }

  /** -1 = none has this name. */
  slotOf(name: string): number {
    const hash = this.#hash(name)
    const mask = this.#table.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = (this.#table[at] ?? 0) - 1
      if (slot < 0 || (this.#hashes[slot] === hash && this.#is(slot, name))) return slot
    }
  }

  nameOf(slot: number): string {
    const start = this.#starts[slot] ?? 0
    const length = this.#lengths[slot] ?? 0
    if (length >= 0) return this.#bytes.toString('latin1', start, start + length)
    return this.#bytes.toString('utf16le', start, start - 2 * length)
  }

  /** The slot has no name and the name no slot yet. */
  set(slot: number, name: string): void {
    if (slot >= this.#hashes.length) this.#resizeSlots(Math.ceil(slot * GROWTH))
    if (this.#size >= this.#table.length * FULL) this.#resizeTable(this.#table.length * 2)
    const wide = isWide(name)
    const bytes = wide ? 2 * name.length : name.length
    if (this.#end + bytes > this.#bytes.length) this.#makeRoom(bytes)
    this.#starts[slot] = this.#end
    this.#lengths[slot] = wide ? -name.length : name.length
    if (wide) this.#bytes.write(name, this.#end, 'utf16le')
    else for (let i = 0; i < name.length; i++) this.#bytes[this.#end + i] = name.charCodeAt(i)
    this.#end += bytes
    const hash = this.#hash(name)
    this.#hashes[slot] = hash
    this.#put(slot, hash)
    this.#size++
  }

  /** Later entries of its run move up, so that no mark of a deletion has to be left (Knuth, 6.4, algorithm R). */
  delete(slot: number): void {
    const table = this.#table
    const mask = table.length - 1
    let hole = (this.#hashes[slot] ?? 0) & mask
    while (table[hole] !== slot + 1) hole = (hole + 1) & mask
    for (let at = (hole + 1) & mask; (table[at] ?? 0) !== 0; at = (at + 1) & mask) {
      const home = (this.#hashes[(table[at] ?? 0) - 1] ?? 0) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      table[hole] = table[at] ?? 0
      hole = at
    }
    table[hole] = 0
    this.#wasted += this.#width(slot)
    this.#lengths[slot] = 0
    this.#size--
  }

  #width(slot: number): number {
    const length = this.#lengths[slot] ?? 0
    return length >= 0 ? length : -2 * length
  }

  #is(slot: number, name: string): boolean {
    const start = this.#starts[slot] ?? 0
    const length = this.#lengths[slot] ?? 0
    if (length < 0) return this.nameOf(slot) === name
    if (length !== name.length) return false
    for (let i = 0; i < length; i++) if (this.#bytes[start + i] !== name.charCodeAt(i)) return false
    return true
  }

  /** FNV-1a over the code units, mixed at the end (the finaliser of MurmurHash3). */
  #hash(name: string): number {
    let hash = 0x811c9dc5 ^ this.#seed
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    return (hash ^ (hash >>> 16)) >>> 0
  }

  #put(slot: number, hash: number): void {
    const mask = this.#table.length - 1
    let at = hash & mask
    while (this.#table[at] !== 0) at = (at + 1) & mask
    this.#table[at] = slot + 1
  }

  #resizeSlots(length: number): void {
    this.#hashes = new Uint32Array(this.#hashes.buffer.transfer(length * 4))
    this.#starts = new Uint32Array(this.#starts.buffer.transfer(length * 4))
    this.#lengths = new Int16Array(this.#lengths.buffer.transfer(length * 2))
  }

  #resizeTable(places: number): void {
    const old = this.#table
    this.#table = new Int32Array(places)
    for (const entry of old) if (entry > 0) this.#put(entry - 1, this.#hashes[entry - 1] ?? 0)
  }

  /** Half as much again, so that it is seldom; the gaps of deleted names are closed once they are a third. */
  #makeRoom(bytes: number): void {
    const old = this.#bytes
    const close = this.#wasted * 3 > this.#end
    const live = close ? this.#end - this.#wasted : this.#end
    this.#bytes = Buffer.allocUnsafeSlow(Math.ceil((live + bytes) * GROWTH))
    if (!close) {
      old.copy(this.#bytes, 0, 0, this.#end)
      return
    }
    let end = 0
    for (const entry of this.#table) {
      if (entry === 0) continue
      const start = this.#starts[entry - 1] ?? 0
      const width = this.#width(entry - 1)
      old.copy(this.#bytes, end, start, start + width)
      this.#starts[entry - 1] = end
      end += width
    }
    this.#end = end
    this.#wasted = 0
  }
}

function isWide(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 0xff) return true
  return false
}
