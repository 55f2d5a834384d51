/** What the routes share. */
import { type TSchema, Type } from 'typebox'
import { WeirError } from '../core/index.ts'
import type { Intake } from './intake.ts'
import { missing } from './missing.ts'
import type { GatewayDeps } from './ports.ts'
import { Refusal } from './refusal.ts'
import type { RequestTally } from './tally.ts'
import type { TypeNames } from './type-names.ts'

export interface Context {
  readonly deps: GatewayDeps
  readonly intake: Intake
  readonly names: TypeNames
  readonly tally: RequestTally
}

/** A documented text answer. */
export function text(mediaType: string, description: string): object {
  return { description, content: { [mediaType]: { schema: Type.String() as TSchema } } }
}

/** The canonical type named by a query value, undefined when none is named; refuses unknown names. */
export function typeOfQuery(names: TypeNames, written: string | undefined): string | undefined {
  if (written === undefined) return undefined
  const type = names.resolve(written)
  if (type !== undefined) return type
  const known = names.all.join(', ')
  throw new Refusal('invalid_query', `type must be one of ${known}`, {
    faults: [{ path: 'type', problem: 'one_of', limit: known }],
  })
}

/** Refuses what needs `find` on an engine that cannot browse. */
export function needBrowsing(deps: Pick<GatewayDeps, 'engine' | 'advice'>): void {
  if (!deps.engine.abilities.browse) throw new WeirError('not_available', missing('browse', deps.advice))
}
