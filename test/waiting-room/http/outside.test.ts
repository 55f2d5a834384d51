/** What others than visitors ask of the room: pages of other origins, exporters, orchestrators, a host's users. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeirError } from '../../../src/core/index.ts'
import { buildRoom, DEFAULT_DOOR, type RoomDeps } from '../../../src/waiting-room/index.ts'
import { people, roomRig } from './rig.ts'

const SHOP = 'https://shop.example'

test('a named origin may use the API, with a preflight; no other may, and caches keep them apart', async (t) => {
  const { app, tokenOf } = await roomRig(t, { origins: [SHOP] })
  const preflight = (origin: string) =>
    app.inject({
      method: 'OPTIONS',
      url: '/api/queue/check/1',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
  const allowed = await preflight(SHOP)
  assert.equal(allowed.statusCode, 204)
  assert.equal(allowed.headers['access-control-allow-origin'], SHOP)
  assert.match(String(allowed.headers['access-control-allow-headers']), /authorization/)
  const refused = await preflight('https://other.example')
  assert.deepEqual(
    [refused.statusCode, refused.headers['access-control-allow-origin'], refused.headers.vary],
    [404, undefined, 'origin'],
  )
  const authorization = `Bearer ${tokenOf('v1')}`
  const answer = await app.inject({
    method: 'POST',
    url: '/api/queue/check/1',
    headers: { origin: SHOP, authorization },
  })
  assert.deepEqual([answer.statusCode, answer.headers['access-control-allow-origin']], [200, SHOP])
  const unauthorized = await app.inject({ url: '/api/queue/status/1', headers: { origin: SHOP } })
  assert.deepEqual(
    [unauthorized.statusCode, unauthorized.headers['access-control-allow-origin']],
    [401, SHOP],
    'a page can read why it was refused',
  )
})

test('the audit trail of one event comes in pages, as lines of JSON, and nothing of another event', async (t) => {
  const { app, ask, tokenOf, engine } = await roomRig(t)
  const authorization = `Bearer ${tokenOf('@ops', 'admin')}`
  for (const visitor of people(30)) await ask('POST', '/api/queue/check/a', visitor)
  // More than a page of another event lies between.
  await engine.line.define('b', DEFAULT_DOOR)
  await Promise.all(people(1_500).map((visitor) => engine.line.enter('b', visitor)))
  for (const visitor of people(10)) await ask('POST', '/api/queue/leave/a', visitor)
  const causes: string[] = []
  let after = '0'
  for (let more = 'true'; more === 'true'; ) {
    const page = await app.inject({
      url: `/api/queue/admin/a/audit?after=${after}`,
      headers: { authorization },
    })
    assert.equal(page.statusCode, 200)
    assert.match(String(page.headers['content-type']), /^application\/x-ndjson/)
    for (const line of page.body.split('\n').filter((text) => text !== '')) {
      const entry = JSON.parse(line)
      assert.equal(entry.event, 'a')
      causes.push(entry.cause)
    }
    assert.ok(Number(page.headers['weir-audit-next']) > Number(after), 'it goes on')
    after = String(page.headers['weir-audit-next'])
    more = String(page.headers['weir-audit-more'])
  }
  assert.equal(causes.filter((cause) => /^enter/.test(cause)).length, 30)
  assert.equal(causes.filter((cause) => cause === 'finish').length, 10, causes.join())
  const asked = (headers: Record<string, string>, url = '/api/queue/admin/a/audit') =>
    app.inject({ url, headers })
  assert.equal((await asked({})).statusCode, 401)
  assert.equal((await asked({ authorization: `Bearer ${tokenOf('v1')}` })).statusCode, 403)
  assert.equal((await asked({ authorization }, '/api/queue/admin/a/audit?after=x')).statusCode, 400)
})

test('health, metrics and why a door is slow are what the parts say', async (t) => {
  const rig = await roomRig(t)
  const slow = { cause: 'backlog', messageType: 'MNP', waitSeconds: 90 } as const
  let ok = false
  const deps: RoomDeps = {
    ...rig.deps,
    health: () => (ok ? { ok } : { ok: false, reason: 'no keys yet' }),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'bss_room_waiting 3\n' }),
    slowedBy: (event) => (event === '1' ? slow : undefined),
    pages: (app) => void app.get('/', async () => 'the page'),
  }
  const app = buildRoom(deps)
  t.after(() => app.close())
  assert.deepEqual((await app.inject('/ready')).json(), { ok: false, reason: 'no keys yet' })
  ok = true
  assert.equal((await app.inject('/ready')).statusCode, 200)
  assert.equal((await app.inject('/metrics')).body, 'bss_room_waiting 3\n')
  assert.equal((await app.inject('/')).body, 'the page')
  const headers = { authorization: `Bearer ${rig.tokenOf('v1')}` }
  const ops = { authorization: `Bearer ${rig.tokenOf('@ops', 'admin')}` }
  for (const event of ['1', '2']) {
    const wanted = event === '1' ? slow : null
    const check = await app.inject({ method: 'POST', url: `/api/queue/check/${event}`, headers })
    assert.deepEqual(check.json().slowedBy, wanted)
    assert.deepEqual((await app.inject(`/api/queue/serving/${event}`)).json().slowedBy, wanted)
    const admin = await app.inject({ url: `/api/queue/admin/${event}`, headers: ops })
    assert.deepEqual(admin.json().slowedBy, wanted)
  }
  assert.equal((await rig.app.inject('/metrics')).statusCode, 404, 'no route where there is nothing to tell')
})

test('who a host’s token is for; keys that cannot be read are 503, not a refusal of the visitor', async (t) => {
  const rig = await roomRig(t)
  let away = true
  const deps: RoomDeps = {
    ...rig.deps,
    identifyHosted: async (token) => {
      if (away) throw new WeirError('storage_failed', "the host application's keys cannot be read")
      return token === 'hosted' ? { visitor: 'h-1', email: '', name: '', role: 'user' } : undefined
    },
  }
  const app = buildRoom(deps)
  t.after(() => app.close())
  const check = (token: string) =>
    app.inject({ method: 'POST', url: '/api/queue/check/1', headers: { authorization: `Bearer ${token}` } })
  assert.equal((await check('hosted')).statusCode, 503)
  away = false
  assert.equal((await check('hosted')).json().state, 'admitted')
  assert.equal((await check('other')).statusCode, 401)
})
