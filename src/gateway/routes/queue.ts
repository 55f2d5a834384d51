/** What the queue looks like now, and what went through it. */
import type { FastifyInstance } from 'fastify'
import { type Abilities, NO_COUNTS, type StateCounts, type TypeDepth } from '../../queue/index.ts'
import type { Context } from '../context.ts'
import { consumersByType, shownMembers } from '../fleet-view.ts'
import { QUEUE_STATUS, STATS } from '../korean.ts'
import { some } from '../life.ts'
import { missing } from '../missing.ts'
import { TRANSLATED } from '../present.ts'
import { Config, QueueStatus, RouterInfo, Stats } from '../schemas.ts'
import { iso } from '../time.ts'
import { typeInfo } from './types.ts'

export function queueRoutes(app: FastifyInstance, context: Context): void {
  const { deps } = context
  const tags = ['queue']

  app.get('/api/queue/status', {
    schema: {
      tags,
      summary: 'Depth, age and flow of the queue, in all and by type',
      response: { 200: QueueStatus },
    },
    config: { korean: QUEUE_STATUS, refusals: ['storage_failed'] },
    handler: async () => queueStatus(context, await deps.engine.depth()),
  })

  app.get('/api/stats', {
    schema: {
      tags,
      summary: 'Outcomes since the store was made; refusals since this process started',
      response: { 200: Stats },
    },
    config: { korean: STATS },
    handler: async () => stats(context),
  })

  app.get('/api/router/info', {
    schema: {
      tags,
      summary: 'Where each type goes, and what this queue can do',
      response: { 200: RouterInfo },
    },
    config: { korean: TRANSLATED },
    handler: async () => ({
      queue: deps.queueName,
      engine: deps.engine.name,
      ...manifest(context),
      routes: deps.types.all().map(typeInfo),
    }),
  })

  app.get('/api/config', {
    schema: { tags, summary: 'The settings in force, secrets masked', response: { 200: Config } },
    handler: async () => deps.config(),
  })
}

function manifest({ deps }: Context) {
  const abilities: Record<string, boolean> = { ...deps.engine.abilities }
  const lacking = (Object.keys(deps.engine.abilities) as (keyof Abilities)[]).filter(
    (name) => !abilities[name],
  )
  const notAvailable = Object.fromEntries(lacking.map((name) => [name, missing(name, deps.advice)]))
  return { abilities, notAvailable, effects: deps.effects }
}

/** The configured types first, then those that only the store still knows. */
function typeNames(context: Context, stored: Iterable<string>): string[] {
  return [...new Set([...context.names.all, ...stored])]
}

function queueStatus(context: Context, depths: ReadonlyMap<string, TypeDepth>): QueueStatus {
  const { deps } = context
  const now = deps.clock.now()
  const total = { ready: 0, inFlight: 0, delayed: 0, dead: 0 }
  const members = deps.fleet.members()
  const lanes = consumersByType(members)
  const knowsAll = deps.engine.health().ok && deps.fleet.hears()
  let [inPerSecond, outPerSecond, slowest] = [0, 0, 0]
  let oldest: number | undefined
  const types: QueueStatus['types'] = {}
  for (const name of typeNames(context, depths.keys())) {
    const { counts, oldestReadyAt } = depths.get(name) ?? { counts: NO_COUNTS }
    const { ready, inFlight, delayed, dead } = counts
    const rates = deps.flow.rates(name)
    // Nothing to drain takes no time; what waits behind an unmeasured rate cannot be told.
    const drain = ready === 0 ? 0 : deps.flow.etaMs(name, ready)
    types[name] = {
      ready,
      inFlight,
      delayed,
      dead,
      unacknowledged: inFlight,
      ...some('oldestAgeMs', oldestReadyAt === undefined ? undefined : Math.max(0, now - oldestReadyAt)),
      inPerSecond: rounded(rates.inPerSecond),
      outPerSecond: rounded(rates.outPerSecond),
      ...some('drainEtaMs', drain),
      ...(lanes.get(name) ?? (knowsAll ? NOBODY : {})),
      ...some('scaling', deps.scaling(name)),
    }
    total.ready += ready
    total.inFlight += inFlight
    total.delayed += delayed
    total.dead += dead
    inPerSecond += rates.inPerSecond
    outPerSecond += rates.outPerSecond
    slowest = drain === undefined ? Number.NaN : Math.max(slowest, drain)
    if (oldestReadyAt !== undefined) oldest = Math.min(oldest ?? oldestReadyAt, oldestReadyAt)
  }
  return {
    queue: deps.queueName,
    engine: deps.engine.name,
    depth: total,
    ...some('oldestAgeMs', oldest === undefined ? undefined : Math.max(0, now - oldest)),
    unacknowledged: total.inFlight,
    ...some('consumers', lanes.size === 0 && !knowsAll ? undefined : consumerCount(lanes)),
    inPerSecond: rounded(inPerSecond),
    outPerSecond: rounded(outPerSecond),
    ...some('drainEtaMs', Number.isNaN(slowest) ? undefined : slowest),
    ...some('unrouted', deps.unrouted()),
    unserved: Object.keys(types).filter((name) => isUnserved(types[name])),
    types,
    members: shownMembers(members),
  }
}

/** Of a type that no process serves; cut off from the others, nobody knows whether there is one. */
const NOBODY = { consumers: 0, running: 0 }

function consumerCount(lanes: ReadonlyMap<string, { consumers: number }>): number {
  return [...lanes.values()].reduce((sum, { consumers }) => sum + consumers, 0)
}

function isUnserved(type: QueueStatus['types'][string] | undefined): boolean {
  return type?.consumers === 0 && type.ready > 0
}

/** A count of whole messages over some seconds does not carry more than this. */
const rounded = (perSecond: number): number => Math.round(perSecond * 100) / 100

function outcomes(counts: StateCounts) {
  return {
    accepted: counts.accepted,
    done: counts.done,
    rejected: counts.rejected,
    failed: counts.dead + counts.deleted,
    expired: counts.expired,
    waiting: counts.ready + counts.inFlight + counts.delayed,
  }
}

function stats(context: Context): Stats {
  const { deps, tally } = context
  const counts = deps.engine.counts()
  const sum = outcomes(NO_COUNTS)
  const types: Stats['types'] = {}
  for (const name of typeNames(context, counts.keys())) {
    const one = outcomes(counts.get(name) ?? NO_COUNTS)
    types[name] = one
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += one[key]
  }
  const startedAt = iso(deps.startedAt)
  return {
    ...sum,
    refused: tally.refused,
    refusedByCode: tally.refusedByCode,
    requests: {
      total: tally.accepted + tally.refused,
      accepted: tally.accepted,
      refused: tally.refused,
      since: startedAt,
    },
    types,
    startedAt,
    monitoring: deps.monitoring.enabled,
    queue: deps.queueName,
  }
}
