/** Accounts: one per address, passwords that nobody can read, and answers that tell nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Accounts, hashPassword, isPassword } from '../../../src/waiting-room/index.ts'
import { embeddedEngine, newDataDir, removeDataDir } from '../../fixtures/embedded.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { MemoryEffects } from '../../fixtures/memory-effects.ts'

const ann = { email: 'Ann@Example.com ', password: 'Test1234!', name: ' Ann ' }

function fresh(): { accounts: Accounts; store: MemoryEffects } {
  const store = new MemoryEffects()
  let made = 0
  return { store, accounts: new Accounts(store, () => `id-${++made}`) }
}

test('who registered can log in, with any spelling of the address, and gets the same id', async () => {
  const { accounts } = fresh()
  const registered = await accounts.register({ ...ann, phone: '010-1234-5678' })
  assert.ok(registered.kind === 'registered')
  assert.deepEqual(registered.identity, {
    visitor: 'id-1',
    email: 'ann@example.com',
    name: 'Ann',
    role: 'user',
  })
  assert.deepEqual(await accounts.login(' ANN@example.COM', 'Test1234!'), registered.identity)
  assert.equal(await accounts.login('ann@example.com', 'Test1234'), undefined)
  assert.equal(await accounts.login('bob@example.com', 'Test1234!'), undefined)
})

test('an address is registered once, also when many do it at the same moment', async () => {
  const { accounts, store } = fresh()
  const all = await Promise.all(Array.from({ length: 5 }, () => accounts.register(ann)))
  assert.deepEqual(all.map(({ kind }) => kind).sort(), [...Array(4).fill('duplicate'), 'registered'])
  assert.equal((await accounts.register({ ...ann, email: 'ANN@EXAMPLE.COM' })).kind, 'duplicate')
  assert.equal(store.documents.size, 1)
})

test('what is kept is not the password, and a second one alike is kept differently', async () => {
  const { accounts, store } = fresh()
  await accounts.register(ann)
  assert.doesNotMatch(JSON.stringify([...store.documents.values()]), /Test1234/)
  const [one, two] = [await hashPassword('Test1234!'), await hashPassword('Test1234!')]
  assert.notEqual(one, two)
  assert.ok(await isPassword('Test1234!', one))
  assert.ok(!(await isPassword('test1234!', one)))
  assert.ok(await isPassword('caf\u00e9 caf\u00e9', await hashPassword('cafe\u0301 cafe\u0301')))
})

test('what is no stored password opens nothing, and cannot be made to cost a fortune', async () => {
  const bad = [
    '',
    'plain',
    'scrypt$16384$8$5$x$y',
    `scrypt$99999999$32$16$${'A'.repeat(22)}$${'A'.repeat(43)}`,
  ]
  for (const stored of bad) assert.equal(await isPassword('Test1234!', stored), false)
})

test('every fault of a registration is named, whatever shape it has', async () => {
  const { accounts, store } = fresh()
  const odd: unknown[] = [undefined, null, 5, {}, [], '', ' ', 'x'.repeat(1_000_000)]
  for (const value of odd) {
    const result = await accounts.register({ email: value, password: value, name: value })
    assert.ok(result.kind === 'invalid')
    assert.deepEqual(
      result.faults.map(({ field }) => field),
      ['email', 'password', 'name'],
    )
    assert.equal(await accounts.login(value, value), undefined)
  }
  const phone = await accounts.register({ ...ann, phone: {} })
  assert.ok(phone.kind === 'invalid' && phone.faults[0]?.field === 'phone')
  assert.equal(store.documents.size, 0)
})

test('the operator’s account is made at the start, kept, and given the password of the settings', async () => {
  const { accounts } = fresh()
  const made = await accounts.ensureAdmin('ops@example.com', 'first-password')
  assert.equal(made?.role, 'admin')
  assert.deepEqual(await accounts.ensureAdmin('ops@example.com', 'first-password'), made)
  const changed = await accounts.ensureAdmin('ops@example.com', 'second-password')
  assert.deepEqual(changed, made, 'the same person')
  assert.equal(await accounts.login('ops@example.com', 'first-password'), undefined)
  assert.equal((await accounts.login('ops@example.com', 'second-password'))?.role, 'admin')
})

test('accounts are there after a restart', async (t) => {
  const dir = newDataDir()
  t.after(() => removeDataDir(dir))
  for (const round of [1, 2]) {
    const engine = embeddedEngine(dir, new FakeClock())
    await engine.start()
    const accounts = new Accounts(engine.effects, () => 'u-1')
    if (round === 1) assert.equal((await accounts.register(ann)).kind, 'registered')
    assert.equal((await accounts.login(ann.email, ann.password))?.visitor, 'u-1')
    await engine.stop()
  }
})
