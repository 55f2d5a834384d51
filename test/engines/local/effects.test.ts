/** Effects in one process's memory: the rules of every effect store, within the bound that it states. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LocalEffects } from '../../../src/engines/local/index.ts'
import { effectsConformance } from '../../conformance/effects.ts'

effectsConformance('memory of one process', async () => ({ effects: new LocalEffects() }))

const write = (key: string, expectedVersion: number, value: number) => ({ key, expectedVersion, value })

describe('effects in memory', () => {
  test('it says that it is not shared, not durable, and how much it keeps', () => {
    const { shared, durable, most } = new LocalEffects({ most: 3 })
    assert.deepEqual({ shared, durable, most }, { shared: false, durable: false, most: 3 })
    assert.throws(() => new LocalEffects({ most: 0 }), RangeError)
  })

  test('the least recently used goes first, marks and documents apart', async () => {
    const effects = new LocalEffects({ most: 3 })
    for (const n of [1, 2, 3]) {
      await effects.apply({ id: `m${n}`, result: n, writes: [write(`d${n}`, 0, n)] })
    }
    // Asked for, so used: the second is now the oldest.
    await effects.applied('m1')
    await effects.read(['d1'])
    await effects.apply({ id: 'm4', result: 4, writes: [write('d4', 0, 4)] })
    assert.equal(await effects.applied('m2'), undefined)
    assert.deepEqual(await effects.applied('m1'), { result: 1 })
    const found = await effects.read(['d1', 'd2', 'd3', 'd4'])
    assert.deepEqual(
      found.map((document) => document?.value),
      [1, undefined, 3, 4],
    )
  })

  test('what is handed out can be changed without changing what is kept', async () => {
    const effects = new LocalEffects()
    const value = { list: [1] }
    await effects.apply({ id: 'm', result: value, writes: [{ key: 'd', expectedVersion: 0, value }] })
    value.list.push(2)
    const [document] = await effects.read(['d'])
    const handed = document?.value as { list: number[] } | undefined
    handed?.list.push(3)
    assert.deepEqual((await effects.read(['d']))[0]?.value, { list: [1] })
    assert.deepEqual(await effects.applied('m'), { result: { list: [1] } })
  })
})
