import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consolePage } from '../../src/console/index.ts'
import { ask, KO, type Rig, rig } from './rig.ts'

async function send(r: Rig, type: string): Promise<string> {
  return (await ask(r, 'POST', '/api/message', { type, content: 'a' })).body.id
}

test('the queue status has depth in all and by type, and leaves out what was not measured', async (t) => {
  const r = await rig(t)
  await send(r, 'MNP')
  r.engine.kill(await send(r, 'MNP'))
  const { body } = await ask(r, 'GET', '/api/queue/status')
  assert.deepEqual(body.depth, { ready: 1, inFlight: 0, delayed: 0, dead: 1 })
  assert.equal(body.types.MNP.consumers, 2)
  assert.equal('drainEtaMs' in body, false)
  assert.equal(body.types.CHANGE.consumers, 0)
  assert.deepEqual(body.unserved, [])
  assert.ok(body.oldestAgeMs >= 0)
  r.state.drainPerSecond = 4
  assert.equal((await ask(r, 'GET', '/api/queue/status')).body.drainEtaMs, 250)
  const korean = (await ask(r, 'GET', '/api/queue/status', undefined, KO)).body
  assert.deepEqual([korean.성공, korean.세부정보.큐이름], [true, 'bss_single_queue'])
  assert.deepEqual([korean.세부정보.메시지개수, korean.세부정보.소비자개수], [1, 2])
})

test('the statistics come from the queue, by type and outcome, and the Korean ones keep their keys', async (t) => {
  const r = await rig(t)
  r.engine.finish(await send(r, 'MNP'))
  r.engine.kill(await send(r, 'MNP'))
  await send(r, 'CHANGE')
  await ask(r, 'POST', '/api/message', {})
  const { body } = await ask(r, 'GET', '/api/stats')
  assert.deepEqual([body.accepted, body.done, body.failed, body.waiting, body.refused], [3, 1, 1, 1, 1])
  assert.equal(body.types.MNP.done, 1)
  assert.equal(body.requests.since, body.startedAt)
  const korean = (await ask(r, 'GET', '/api/stats', undefined, KO)).body
  assert.deepEqual(korean.기본통계, { 총요청수: 4, 성공요청수: 3, 실패요청수: 1, 성공률: '75.0%' })
  assert.deepEqual(Object.keys(korean), ['기본통계', '타입별통계', '시스템정보'])
  assert.deepEqual(Object.keys(korean.시스템정보), ['시작시간', '모니터링상태', '큐설정'])
})

test('dead letters are listed by page and type, retried and deleted', async (t) => {
  const r = await rig(t)
  const ids: string[] = []
  for (const type of ['MNP', 'MNP', 'CHANGE']) {
    const id = await send(r, type)
    r.engine.kill(id)
    ids.push(id)
  }
  const page = (await ask(r, 'GET', '/api/dead-letters?limit=2')).body
  assert.deepEqual(
    page.items.map((item: { id: string }) => item.id),
    ids.slice(0, 2),
  )
  assert.equal(page.items[0].history[0].outcome, 'dead')
  const rest = (await ask(r, 'GET', `/api/dead-letters?limit=2&after=${page.next}`)).body
  assert.deepEqual([rest.items.length, 'next' in rest], [1, false])
  assert.equal((await ask(r, 'GET', '/api/dead-letters?type=명의변경')).body.items.length, 1)
  assert.equal((await ask(r, 'POST', `/api/dead-letters/${ids[0]}/retry`)).body.retried, 1)
  const twice = await ask(r, 'POST', `/api/dead-letters/${ids[0]}/retry`)
  assert.deepEqual([twice.status, twice.body.code], [409, 'not_a_dead_letter'])
  assert.equal((await ask(r, 'DELETE', `/api/dead-letters/${ids[1]}`)).body.deleted, 1)
  assert.equal((await ask(r, 'DELETE', `/api/dead-letters/${ids[1]}`)).status, 404)
  assert.equal((await ask(r, 'DELETE', '/api/dead-letters?type=MNP')).body.deleted, 0)
  assert.equal(
    (await ask(r, 'POST', '/api/dead-letters/retry?type=change', undefined, KO)).body.재시도개수,
    1,
  )
  assert.equal((await ask(r, 'DELETE', '/api/dead-letters')).body.deleted, 0)
})

test('pace, concurrency and backlog limit change while running, within their bounds', async (t) => {
  const r = await rig(t)
  const changed = await ask(r, 'PATCH', '/api/types/번호이동'.replace(/[^/a-z-]+$/, encodeURIComponent), {
    ratePerSecond: 2.5,
  })
  assert.deepEqual([changed.status, changed.body.name, changed.body.ratePerSecond], [200, 'MNP', 2.5])
  assert.equal((await ask(r, 'GET', '/api/types')).body.types[1].ratePerSecond, 2.5)
  for (const bad of [{}, { concurrency: 0 }, { ratePerSecond: -1 }, { concurrency: 1.5 }, { pace: 1 }]) {
    assert.equal(
      (await ask(r, 'PATCH', '/api/types/mnp', bad)).body.code,
      'invalid_body',
      JSON.stringify(bad),
    )
  }
  const korean = await ask(r, 'PATCH', '/api/types/mnp', { 초당처리량: 7 })
  assert.equal(korean.body.초당처리량, 7)
})

test('the monitoring switch keeps its keys in both languages', async (t) => {
  const r = await rig(t)
  const keys = ['success', 'message', 'previous_state', 'current_state', 'timestamp']
  const off = await ask(r, 'POST', '/api/monitoring/toggle', '', {
    'content-type': 'application/x-www-form-urlencoded',
  })
  assert.deepEqual(Object.keys(off.body), keys)
  assert.deepEqual([off.body.previous_state, off.body.current_state], [true, false])
  assert.equal((await ask(r, 'POST', '/api/monitoring/disable')).body.current_state, false)
  const on = await ask(r, 'POST', '/api/monitoring/enable', undefined, KO)
  assert.deepEqual(Object.keys(on.body), [...keys, '성공', '메시지', '모니터링상태'])
  const id = await send(r, 'MNP')
  r.engine.finish(id)
  for (const headers of [{}, KO]) {
    const { body } = await ask(r, 'GET', '/api/monitoring/status', undefined, headers)
    assert.deepEqual(Object.keys(body.monitoring_status), [
      'monitoring_enabled',
      'status_text',
      'environment_variable',
      'timestamp',
    ])
    assert.deepEqual(body.system_info, {
      total_messages_processed: 1,
      messages_by_type: { MNP: 1 },
      last_processed: null,
    })
  }
})

test('switching monitoring off changes no answer but its own (M1)', async (t) => {
  const r = await rig(t)
  const id = await send(r, 'MNP')
  const calls = [
    '/api/queue/status',
    `/api/messages/${id}`,
    '/api/types',
    '/api/dead-letters',
    '/api/router/info',
  ]
  const look = async () => {
    const bodies = await Promise.all(calls.map(async (url) => (await ask(r, 'GET', url)).body))
    return JSON.stringify(bodies, (key, value) => (key === 'oldestAgeMs' ? 0 : value))
  }
  const on = await look()
  await ask(r, 'POST', '/api/monitoring/disable')
  assert.equal(await look(), on)
})

test('health, readiness with its reasons, metrics, configuration and routes are answered', async (t) => {
  const r = await rig(t)
  assert.equal((await ask(r, 'GET', '/health')).body.status, 'ok')
  assert.deepEqual(Object.keys((await ask(r, 'GET', '/health', undefined, KO)).body), ['상태', '타임스탬프'])
  assert.equal((await ask(r, 'GET', '/ready')).status, 200)
  r.state.readiness = { ready: false, reasons: ['the head of MNP grows older'] }
  const ready = await ask(r, 'GET', '/ready')
  assert.deepEqual([ready.status, ready.body.reasons], [503, ['the head of MNP grows older']])
  assert.deepEqual((await ask(r, 'GET', '/ready', undefined, KO)).body.사유, ['the head of MNP grows older'])
  const metrics = await ask(r, 'GET', '/metrics')
  assert.match(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/)
  assert.match(metrics.text, /^bss_monitoring_enabled 1$/m)
  assert.equal((await ask(r, 'GET', '/api/config')).body.REDIS_URL, 'redis://:***@redis:6379')
  assert.equal((await ask(r, 'GET', '/api/router/info')).body.routes.length, 4)
})

test('the password of a forwarding URL is never shown', async (t) => {
  const r = await rig(t)
  const [first] = r.types
  if (first) r.types[0] = { ...first, handler: { kind: 'target', url: 'https://me:secret@back/x?token=t0p' } }
  for (const url of ['/api/types', '/api/router/info']) {
    const { text } = await ask(r, 'GET', url)
    assert.doesNotMatch(text, /secret|t0p/)
  }
})

test('programs get JSON at the root, browsers the page, under a policy that lets nothing else run', async (t) => {
  const r = await rig(t, {}, { page: consolePage })
  assert.deepEqual((await ask(r, 'GET', '/')).body, {
    name: 'weir',
    version: '0.1.0',
    monitoring_enabled: true,
  })
  const page = await ask(r, 'GET', '/', undefined, { accept: 'text/html,*/*' })
  assert.match(String(page.headers['content-type']), /^text\/html/)
  assert.equal(page.text, consolePage())
  const policy = String(page.headers['content-security-policy'])
  assert.match(
    policy,
    /default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/,
  )
  assert.doesNotMatch(page.text, /(?:src|href)="(?:https?:)?\/\/|\son\w+=|\sstyle=/)
})

test('the interactive documents come from here alone, and every code of a refusal has its place', async (t) => {
  const r = await rig(t, { docs: true })
  const page = await ask(r, 'GET', '/docs')
  assert.equal(page.status, 200)
  const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => String(match[1]))
  assert.ok(assets.length > 3)
  for (const asset of assets) {
    assert.match(asset, /^\/docs\//)
    assert.equal((await ask(r, 'GET', asset)).status, 200, asset)
  }
  assert.match((await ask(r, 'GET', '/docs/errors')).text, /id="backlog_full"/)
})

test('Accept-Language is read by quality, and the setting decides where it says nothing', async (t) => {
  const r = await rig(t, {}, { defaultLanguage: 'ko' })
  const keys = async (language?: string) => {
    const { body } = await ask(
      r,
      'GET',
      '/health',
      undefined,
      language ? { 'accept-language': language } : {},
    )
    return Object.keys(body)[0]
  }
  assert.equal(await keys(), '상태')
  assert.equal(await keys('fr, *;q=0.1'), '상태')
  assert.equal(await keys('en-GB'), 'status')
  assert.equal(await keys('en;q=0.5, ko-KR;q=0.8'), '상태')
  assert.equal(await keys('ko;q=0.2,en;q=0.9'), 'status')
  const sent = await ask(r, 'POST', '/api/message', { type: 'MNP', content: 'a' })
  assert.equal(sent.status, 202)
})
