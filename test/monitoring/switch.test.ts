/** The switch survives restarts, yields to a changed environment, and cannot hurt the flow (M1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../src/core/index.ts'
import { MonitoringSwitch } from '../../src/monitoring/index.ts'
import { MemoryEffects } from '../fixtures/memory-effects.ts'

function load(store: MemoryEffects, environment: boolean, logger = silentLogger) {
  return MonitoringSwitch.load({ store, environment, logger })
}

test('without a stored choice the environment decides', async () => {
  assert.equal((await load(new MemoryEffects(), true)).enabled, true)
  assert.equal((await load(new MemoryEffects(), false)).enabled, false)
})

test('a choice survives a restart, and yields when the environment was changed since', async () => {
  for (const environment of [true, false]) {
    const store = new MemoryEffects()
    const first = await load(store, environment)
    assert.deepEqual(await first.set(!environment), { previous: environment, current: !environment })
    assert.equal((await load(store, environment)).enabled, !environment)
    // The operator sets the variable to the other value, then chooses against it, then sets it back.
    const changed = await load(store, !environment)
    assert.equal(changed.enabled, !environment)
    await changed.set(environment)
    assert.equal((await load(store, !environment)).enabled, environment)
    assert.equal((await load(store, environment)).enabled, environment)
  }
})

test('a stored choice made under the other environment does not hold', async () => {
  const store = new MemoryEffects()
  const before = await load(store, true)
  await before.set(true)
  assert.equal((await load(store, false)).enabled, false)
})

test('toggles follow one another: each `previous` is what the one before has left', async () => {
  const monitoring = await load(new MemoryEffects(), true)
  const changes = await Promise.all([monitoring.set(false), monitoring.set(true), monitoring.set(true)])
  assert.deepEqual(changes, [
    { previous: true, current: false },
    { previous: false, current: true },
    { previous: true, current: true },
  ])
})

test('two processes that toggle at once both get through; the last one stands', async () => {
  const store = new MemoryEffects()
  const [one, two] = await Promise.all([load(store, true), load(store, true)])
  await Promise.all([one.set(false), two.set(false)])
  await one.set(true)
  assert.equal(store.documents.get('monitoring/switch')?.version, 3)
  assert.equal((await load(store, true)).enabled, true)
})

test('a choice that could not be stored changes nothing, and the next one can be', async () => {
  const store = new MemoryEffects()
  const monitoring = await load(store, true)
  store.fault = () => 'before'
  await assert.rejects(monitoring.set(false), /crashed/)
  assert.equal(monitoring.enabled, true)
  store.fault = () => undefined
  assert.equal((await monitoring.set(false)).current, false)
})

test('while off a listener hears nothing; it hears again when on (M1)', async () => {
  const monitoring = await load(new MemoryEffects(), true)
  const heard: number[] = []
  const changes: boolean[] = []
  const tell = monitoring.guard((event: number) => heard.push(event))
  const unsubscribe = monitoring.onChange((enabled) => changes.push(enabled))
  tell(1)
  await monitoring.set(false)
  tell(2)
  await monitoring.set(true)
  tell(3)
  unsubscribe()
  await monitoring.set(false)
  assert.deepEqual(heard, [1, 3])
  assert.deepEqual(changes, [false, true])
})

test('a listener that throws cannot hurt the flow, and is told off once (M1)', async () => {
  const errors: string[] = []
  const logger = { ...silentLogger, error: (_: object, text: string) => void errors.push(text) }
  const monitoring = await load(new MemoryEffects(), true, logger)
  const tell = monitoring.guard(() => {
    throw new Error('broken')
  })
  tell(1)
  tell(2)
  assert.equal(errors.length, 1)
})

test('two toggles at once are two: the switch ends as it began', async () => {
  const monitoring = await load(new MemoryEffects(), true)
  const changes = await Promise.all([monitoring.toggle(), monitoring.toggle()])
  assert.deepEqual(changes, [
    { previous: true, current: false },
    { previous: false, current: true },
  ])
})
