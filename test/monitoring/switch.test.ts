/** The switch survives restarts, yields to a changed environment, and cannot hurt the flow (M1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SwitchState, type SwitchStore, silentLogger } from '../../src/core/index.ts'
import { DocumentSwitchStore, MonitoringSwitch } from '../../src/monitoring/index.ts'
import { FakeClock } from '../fixtures/fake-clock.ts'
import { MemoryEffects } from '../fixtures/memory-effects.ts'

function load(documents: MemoryEffects, environment: boolean, logger = silentLogger) {
  const store = new DocumentSwitchStore(documents)
  return MonitoringSwitch.load({ store, environment, clock: new FakeClock(), logger })
}

/** A store as several processes share it: what is saved is heard by all in one order, when the test says so. */
class SharedStore implements SwitchStore {
  last: SwitchState | undefined
  away = false
  readonly #listeners = new Set<(state: SwitchState) => void>()
  #untold: SwitchState[] = []

  async load(): Promise<SwitchState | undefined> {
    if (this.away) throw new Error('away')
    return this.last
  }

  async save(state: SwitchState): Promise<void> {
    if (this.away) throw new Error('away')
    this.last = state
    this.#untold.push(state)
  }

  follow(listener: (state: SwitchState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get followers(): number {
    return this.#listeners.size
  }

  /** As after a reconnect: the last choice once more. */
  repeat(): void {
    if (this.last) this.#untold.push(this.last)
    this.deliver()
  }

  deliver(): void {
    for (const state of this.#untold.splice(0)) for (const listener of [...this.#listeners]) listener(state)
  }
}

/** Lets every promise that can resolve now do so. */
const turns = () => new Promise((resolve) => setImmediate(resolve))

async function shared(store: SharedStore, environment = true, clock = new FakeClock()) {
  return MonitoringSwitch.load({ store, environment, clock, logger: silentLogger })
}

test('a choice made in one process reaches the others and those that start later, and only once', async () => {
  const store = new SharedStore()
  const [one, two] = [await shared(store), await shared(store)]
  const heard: boolean[] = []
  two.onChange((enabled) => heard.push(enabled))
  assert.deepEqual(await one.toggle(), { previous: true, current: false })
  store.deliver()
  assert.equal(two.enabled, false)
  store.repeat()
  assert.equal((await shared(store)).enabled, false)
  const on = two.toggle()
  await turns()
  store.deliver()
  assert.deepEqual(await on, { previous: false, current: true })
  assert.equal(one.enabled, true)
  assert.deepEqual(heard, [false, true])
})

test('where the environment differs, an old choice yields and one that is made now holds', async () => {
  const store = new SharedStore()
  store.last = { enabled: true, environment: true }
  const elsewhere = await shared(store, false)
  assert.equal(elsewhere.enabled, false)
  store.repeat()
  assert.equal(elsewhere.enabled, false, 'a repetition is no choice')
  await (await shared(store)).set(false)
  await (await shared(store)).set(true)
  store.deliver()
  assert.equal(elsewhere.enabled, true)
})

test('a store that is away at the start: the environment decides, and the choice comes with the store', async () => {
  const store = new SharedStore()
  store.last = { enabled: false, environment: true }
  store.away = true
  const monitoring = await shared(store)
  assert.equal(monitoring.enabled, true)
  await assert.rejects(monitoring.toggle(), /away/)
  assert.equal(monitoring.enabled, true)
  store.away = false
  store.repeat()
  assert.equal(monitoring.enabled, false)
  monitoring.stop()
})

test('a store that never answers keeps nothing from starting', async () => {
  const clock = new FakeClock()
  const store = new SharedStore()
  store.load = () => new Promise(() => {})
  const loading = shared(store, false, clock)
  await clock.advance(2_000)
  assert.equal((await loading).enabled, false)
})

test('two toggles at once are two also where the store tells them back late', async () => {
  const store = new SharedStore()
  const clock = new FakeClock()
  const monitoring = await shared(store, true, clock)
  const first = monitoring.toggle()
  const second = monitoring.toggle()
  assert.equal((await first).current, false)
  await turns()
  assert.deepEqual(
    store.last,
    { enabled: false, environment: true },
    'the second waits for the first one’s echo',
  )
  store.deliver()
  assert.deepEqual(await second, { previous: false, current: true })
  store.deliver()
  assert.equal(monitoring.enabled, true)
  assert.equal(store.followers, 1, 'the echoes are waited for no more')
  monitoring.stop()
  assert.equal(store.followers, 0)
})

test('a store that tells nothing back delays the next toggle, and does not stop it', async () => {
  const clock = new FakeClock()
  const monitoring = await shared(new SharedStore(), true, clock)
  await monitoring.toggle()
  const second = monitoring.toggle()
  await clock.advance(1_000)
  assert.equal((await second).current, true)
})

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
