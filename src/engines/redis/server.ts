/** What a Redis says of itself (INFO), as far as it decides what we can promise. */

export interface ServerFacts {
  /** 0 when it does not say. */
  readonly majorVersion: number
  readonly isReplica: boolean
  /** Undefined: it does not say. */
  readonly isAppendOnly: boolean | undefined
  readonly evictionPolicy: string | undefined
}

export function serverFacts(info: unknown): ServerFacts {
  const fields = new Map<string, string>()
  for (const line of String(info).split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  const aof = fields.get('aof_enabled')
  return {
    majorVersion: Number.parseInt(fields.get('redis_version') ?? '', 10) || 0,
    isReplica: fields.get('role') === 'slave',
    isAppendOnly: aof === undefined ? undefined : aof === '1',
    evictionPolicy: fields.get('maxmemory_policy'),
  }
}

/** What an operator should change, each in one sentence; said at every new connection. */
export function shortcomings({ isAppendOnly, evictionPolicy }: ServerFacts): string[] {
  const found: string[] = []
  if (isAppendOnly === false) {
    found.push(
      'Redis keeps nothing on disk (appendonly no): when it restarts, the lives of messages, the idempotency keys ' +
        'and the marks that keep effects from happening twice are gone; set appendonly yes',
    )
  }
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
    found.push(
      `Redis may throw our keys away when it is full (maxmemory-policy ${evictionPolicy}): counts would drift and ` +
        'effects could happen twice; set maxmemory-policy noeviction',
    )
  }
  return found
}
