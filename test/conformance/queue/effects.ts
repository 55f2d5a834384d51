/** The effect store beside the queue: exactly once per message id. */
import assert from 'node:assert/strict'
import type { DocumentWrite, EffectStore, JsonValue } from '../../../src/core/index.ts'
import type { Case, Subject } from '../subject.ts'

const write = (key: string, expectedVersion: number, value: JsonValue): DocumentWrite => ({
  key,
  expectedVersion,
  value,
})

function storeOf({ effects }: Subject): EffectStore {
  assert.ok(effects)
  return effects
}

export interface EffectsSubject {
  readonly effects: EffectStore
  /** What another process finds there, after this one was killed. */
  readonly crash?: () => Promise<EffectStore>
}

export interface EffectCase {
  readonly name: string
  readonly needsCrash: boolean
  run(subject: EffectsSubject): Promise<void>
}

const cases: Readonly<Record<string, (effects: EffectStore) => Promise<void>>> = {
  'Q7: an effect happens once, and its repetition is given the first result': async (effects) => {
    const writes = [write('line', 0, { owner: 'Kim' })]
    assert.equal(await effects.applied('m1'), undefined)
    assert.deepEqual(await effects.apply({ id: 'm1', result: { n: 1 }, writes }), { kind: 'applied' })
    const again = { id: 'm1', result: { n: 2 }, writes: [write('line', 1, { owner: 'Lee' })] }
    assert.deepEqual(await effects.apply(again), { kind: 'already', result: { n: 1 } })
    assert.deepEqual(await effects.applied('m1'), { result: { n: 1 } })
    assert.deepEqual(await effects.read(['line']), [{ key: 'line', version: 1, value: { owner: 'Kim' } }])
  },
  'Q7: of the same effect applied many times at once, one is applied': async (effects) => {
    const once = (n: number) => effects.apply({ id: 'm1', result: n, writes: [] })
    const kinds = (await Promise.all([1, 2, 3, 4].map(once))).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['applied', 'already', 'already', 'already'])
  },
  'documents are read in the order asked, undefined where there is none': async (effects) => {
    await effects.apply({ id: 'm1', result: null, writes: [write('a', 0, 1), write('b', 0, [null, '둘'])] })
    assert.deepEqual(await effects.read(['b', 'none', 'a']), [
      { key: 'b', version: 1, value: [null, '둘'] },
      undefined,
      { key: 'a', version: 1, value: 1 },
    ])
    assert.deepEqual(await effects.read([]), [])
  },
  'a conflict names the key and leaves everything as it was, the mark included': async (effects) => {
    await effects.apply({ id: 'm1', result: 1, writes: [write('a', 0, 1)] })
    const writes = [write('new', 0, 1), write('a', 0, 2)]
    assert.deepEqual(await effects.apply({ id: 'm2', result: 2, writes }), { kind: 'conflict', key: 'a' })
    assert.deepEqual(
      (await effects.read(['new', 'a'])).map((one) => one?.version),
      [undefined, 1],
    )
    assert.equal(await effects.applied('m2'), undefined)
    const again = [write('new', 0, 1), write('a', 1, 2)]
    assert.deepEqual(await effects.apply({ id: 'm2', result: 2, writes: again }), { kind: 'applied' })
    assert.deepEqual(
      (await effects.read(['new', 'a'])).map((one) => one?.version),
      [1, 2],
    )
  },
  'null deletes, and the key may then be made anew': async (effects) => {
    await effects.apply({ id: 'm1', result: 1, writes: [write('a', 0, 1)] })
    await effects.apply({ id: 'm2', result: 1, writes: [write('a', 1, null)] })
    assert.deepEqual(await effects.read(['a']), [undefined])
    const stale = await effects.apply({ id: 'm3', result: 1, writes: [write('a', 1, 2)] })
    assert.deepEqual(stale, { kind: 'conflict', key: 'a' })
    assert.deepEqual(await effects.apply({ id: 'm3', result: 1, writes: [write('a', 0, 2)] }), {
      kind: 'applied',
    })
  },
  'of two writers who read the same version one wins': async (effects) => {
    await effects.apply({ id: 'm0', result: 0, writes: [write('a', 0, 0)] })
    const writers = ['m1', 'm2', 'm3'].map((id) =>
      effects.apply({ id, result: 0, writes: [write('a', 1, id)] }),
    )
    const kinds = (await Promise.all(writers)).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['applied', 'conflict', 'conflict'])
  },
}

const survives: EffectCase = {
  name: 'Q1, Q7: effects survive a crash',
  needsCrash: true,
  async run({ effects, crash }) {
    await effects.apply({ id: 'm1', result: { n: 1 }, writes: [write('a', 0, 1)] })
    const later = await crash?.()
    assert.deepEqual(await later?.applied('m1'), { result: { n: 1 } })
    assert.deepEqual(await later?.read(['a']), [{ key: 'a', version: 1, value: 1 }])
  },
}

export const effectCases: readonly EffectCase[] = [
  ...Object.entries(cases).map(
    ([name, run]): EffectCase => ({ name, needsCrash: false, run: ({ effects }) => run(effects) }),
  ),
  survives,
]

/** The same beside an embedded queue, whose engine keeps the effects. */
export const effects: readonly Case[] = effectCases.map(
  ({ name, needsCrash, run }): Case => ({
    name,
    needs: needsCrash ? ['effects', 'crash'] : ['effects'],
    run: (subject) => run({ effects: storeOf(subject), crash: () => effectsAfterCrash(subject) }),
  }),
)

async function effectsAfterCrash({ crash }: Subject): Promise<EffectStore> {
  const engine = (await crash?.()) as unknown as { effects: EffectStore }
  return engine.effects
}
