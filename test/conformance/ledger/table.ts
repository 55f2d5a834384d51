/**
 * Every move on every state, as a table whose type leaves no gap. Each cell: the state afterwards, or `late` (nothing
 * was changed), or `n/a` where the move cannot be made (an attempt before the first).
 */
import assert from 'node:assert/strict'
import { type Move, NO_COUNTS, type StateCounts } from '../../../src/queue/index.ts'
import {
  AT,
  accepted,
  books,
  countsOf,
  delayed,
  delayOver,
  deleted,
  ended,
  givenBack,
  type LedgerCase,
  moved,
  requeued,
  taken,
} from './subject.ts'

/** How a message gets into a state, and which round and attempt are current then. */
const STATES = {
  none: { by: () => [], round: 0, attempt: 0 },
  ready: { by: (id) => [accepted(id)], round: 0, attempt: 0 },
  delayed: { by: (id) => [delayed(id, AT + 3_600_000)], round: 0, attempt: 0 },
  inFlight: { by: (id) => [accepted(id), taken(id)], round: 0, attempt: 1 },
  released: { by: (id) => [accepted(id), taken(id), givenBack(id, 1)], round: 0, attempt: 1 },
  retrying: { by: (id) => [taken(id), moved(id, 1, 1, 'delayed')], round: 1, attempt: 1 },
  retried: { by: (id) => [taken(id), moved(id, 1, 1, 'delayed'), taken(id, 1, 1)], round: 1, attempt: 2 },
  done: { by: (id) => [taken(id), ended(id, 1)], round: 0, attempt: 1 },
  rejected: { by: (id) => [taken(id), ended(id, 1, 'rejected')], round: 0, attempt: 1 },
  expired: { by: (id) => [accepted(id), ended(id, 0, 'expired')], round: 0, attempt: 0 },
  dead: { by: (id) => [taken(id), moved(id, 1, 1, 'dead')], round: 1, attempt: 1 },
  deleted: { by: (id) => [taken(id), moved(id, 1, 1, 'dead'), deleted(id)], round: 1, attempt: 1 },
} as const satisfies Record<string, { by: (id: string) => Move[]; round: number; attempt: number }>
type StateName = keyof typeof STATES

type MakeMove = (id: string, round: number, attempt: number) => Move | undefined
const earlier = (number: number, make: () => Move): Move | undefined => (number >= 1 ? make() : undefined)
const MOVES = {
  accepted: (id) => accepted(id),
  acceptedDelayed: (id) => delayed(id, AT + 3_600_000),
  taken: (id, round, attempt) => taken(id, round, attempt),
  takenOfAnEarlierRound: (id, round, attempt) => earlier(round, () => taken(id, round - 1, attempt)),
  takenOfANewerRound: (id, round, attempt) => taken(id, round + 1, attempt),
  done: (id, _, attempt) => ended(id, attempt),
  doneByAnEarlierAttempt: (id, _, attempt) => earlier(attempt, () => ended(id, attempt - 1)),
  doneByAnAttemptUnheardOf: (id, _, attempt) => ended(id, attempt + 1),
  expired: (id, _, attempt) => ended(id, attempt, 'expired'),
  retry: (id, round, attempt) => moved(id, attempt, round + 1, 'delayed'),
  retryInItsPlace: (id, round, attempt) => moved(id, attempt, round, 'delayed'),
  retryByAnEarlierAttempt: (id, round, attempt) =>
    earlier(attempt, () => moved(id, attempt - 1, round + 1, 'delayed')),
  retryByAnAttemptUnheardOf: (id, round, attempt) => moved(id, attempt + 1, round + 1, 'delayed'),
  dead: (id, round, attempt) => moved(id, attempt, round + 1, 'dead'),
  givenBack: (id, round, attempt) => givenBack(id, attempt, round),
  givenBackByAnEarlierAttempt: (id, round, attempt) =>
    earlier(attempt, () => givenBack(id, attempt - 1, round)),
  delayOver: (id, round) => delayOver(id, round),
  delayOverOfAnEarlierRound: (id, round) => earlier(round, () => delayOver(id, round - 1)),
  requeued: (id, round) => requeued(id, round + 1),
  requeuedOfAnEarlierRound: (id, round) => earlier(round, () => requeued(id, round - 1)),
  deleted: (id) => deleted(id),
} as const satisfies Record<string, MakeMove>
type MoveName = keyof typeof MOVES

type Counted = Exclude<keyof StateCounts, 'accepted' | 'departed'>
/** The state afterwards, `late`, or that the move cannot be made. */
type Cell = Counted | 'late' | 'n/a'

const [R, W, F, D, E, X, G] = ['ready', 'delayed', 'inFlight', 'done', 'expired', 'dead', 'deleted'] as const
const _ = 'late'
const o = 'n/a'

/** Columns in the order of STATES; the type leaves no gap. */
type Row = readonly [Cell, Cell, Cell, Cell, Cell, Cell, Cell, Cell, Cell, Cell, Cell, Cell]
const COLUMNS = Object.keys(STATES) as readonly StateName[]
// biome-ignore format: a table is read by its columns
const TABLE: Readonly<Record<MoveName, Row>> = {
  //                          none      inFlight     retried     expired
  //                             ready     released     done        dead
  //                                delayed   retrying     rejected    deleted
  accepted:                 [R, _, _, _, _, _, _, _, _, _, _, _],
  acceptedDelayed:          [W, _, _, _, _, _, _, _, _, _, _, _],
  taken:                    [F, F, F, F, F, F, F, _, _, _, _, _],
  takenOfAnEarlierRound:    [o, o, o, o, o, _, _, o, o, o, _, _],
  takenOfANewerRound:       [F, F, F, F, F, F, F, _, _, _, F, _],
  done:                     [D, _, _, D, _, _, D, D, _, _, _, _],
  doneByAnEarlierAttempt:   [o, o, o, _, _, _, _, _, _, o, _, _],
  doneByAnAttemptUnheardOf: [D, D, D, D, D, D, D, _, _, _, D, _],
  expired:                  [E, E, E, E, E, E, E, _, _, E, _, _],
  retry:                    [W, _, _, W, _, _, W, _, _, _, _, _],
  retryInItsPlace:          [W, _, W, W, _, W, W, _, _, _, _, _],
  retryByAnEarlierAttempt:  [o, o, o, _, _, _, _, _, _, o, _, _],
  retryByAnAttemptUnheardOf:[W, W, W, W, W, W, W, _, _, _, W, _],
  dead:                     [X, _, _, X, _, _, X, _, _, _, _, _],
  givenBack:                [R, R, _, R, R, _, R, _, _, _, _, _],
  givenBackByAnEarlierAttempt:[o, o, o, _, R, _, _, _, _, o, _, _],
  delayOver:                [R, R, R, _, R, R, _, _, _, _, _, _],
  delayOverOfAnEarlierRound:[o, o, o, o, o, _, _, o, o, o, _, _],
  requeued:                 [R, R, R, R, R, R, R, _, _, _, R, _],
  requeuedOfAnEarlierRound: [o, o, o, o, o, _, _, o, o, o, _, _],
  deleted:                  [G, _, _, _, _, _, _, _, _, _, G, _],
}

export const table: readonly LedgerCase[] = COLUMNS.map((state, column) => ({
  name: `every move on a message that is ${state === 'none' ? 'unknown' : state}`,
  async run(subject) {
    const { ledger } = subject
    for (const move of Object.keys(MOVES) as MoveName[]) {
      const expected = TABLE[move][column] ?? o
      const id = `${state}-${move}`
      const { by, round, attempt } = STATES[state]
      const made = MOVES[move](id, round, attempt)
      assert.equal(made === undefined, expected === o, `${move} on ${state} can be made`)
      if (!made) continue
      if (by(id).length > 0) await books(ledger, ...by(id))
      const before = ledger.counts().get('MNP') ?? NO_COUNTS
      const [result] = await ledger.record([made])
      const what = `${move} on ${state}`
      assert.equal(result?.kind, expected === _ ? _ : 'recorded', what)
      const after = await countsOf(subject)
      const wanted = state === 'none' ? expected : expected === _ ? at(state) : expected
      assert.deepEqual({ ...after, departed: 0 }, { ...went(before, state, wanted), departed: 0 }, what)
    }
  },
}))

function at(state: Exclude<StateName, 'none'>): Counted {
  if (state === 'released') return 'ready'
  if (state === 'retrying') return 'delayed'
  return state === 'retried' ? 'inFlight' : state
}

/** The counts when one message went from `state` to `to`. */
function went(before: StateCounts, state: StateName, to: Cell): StateCounts {
  assert.ok(to !== _ && to !== o)
  if (state === 'none') return { ...before, accepted: before.accepted + 1, [to]: before[to] + 1 }
  const from = at(state)
  const left = { ...before, [from]: before[from] - 1 }
  return { ...left, [to]: left[to] + 1 }
}
