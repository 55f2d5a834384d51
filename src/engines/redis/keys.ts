/**
 * The names of our keys. All of one queue share one hash tag, so that a cluster keeps them on one node and a script may
 * touch several of them in one atomic step.
 */
export interface Keys {
  /** Hash: `<count>:<type>` → number. */
  readonly counts: string
  /** Sorted set: ids of delayed messages by the moment they are due. */
  readonly due: string
  /** Written when Redis was full, to see whether it still is; gone by itself. */
  readonly probe: string
  /** Hash: the record of one message. */
  message(id: string): string
  /** Hash: what a sender's idempotency key stands for. */
  idempotency(key: string): string
  /** String: version and JSON of a document. */
  document(key: string): string
  /** String: the result of an effect that happened. */
  effect(id: string): string
}

export function keysOf(queueName: string): Keys {
  // A brace in the name would end the tag early.
  const tag = queueName.replaceAll('{', '%7B').replaceAll('}', '%7D')
  const prefix = `weir:{${tag}}:`
  return {
    counts: `${prefix}counts`,
    due: `${prefix}due`,
    probe: `${prefix}probe`,
    message: (id) => `${prefix}message:${id}`,
    idempotency: (key) => `${prefix}idempotency:${key}`,
    document: (key) => `${prefix}document:${key}`,
    effect: (id) => `${prefix}effect:${id}`,
  }
}
