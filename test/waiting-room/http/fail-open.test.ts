/** The line is away, and an operator has said that some may go in all the same: so many, so long, and no longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Logger, silentLogger, WeirError } from '../../../src/core/index.ts'
import {
  buildRoom,
  DEFAULT_DOOR,
  FailOpen,
  type LineEngine,
  verifyPass,
} from '../../../src/waiting-room/index.ts'
import { roomRig } from './rig.ts'

const MINUTE = 60_000

test('at the measured rate, for some minutes, said in the log; then closed; then the line again', async (t) => {
  const rig = await roomRig(t)
  const { clock, deps } = rig
  const away = { is: false }
  const line = new Proxy(deps.line, {
    get(target, name: keyof LineEngine) {
      const own = target[name] as unknown
      if (typeof own !== 'function') return own
      return (...args: unknown[]) => {
        if (away.is) return Promise.reject(new WeirError('storage_failed', 'away'))
        return own.apply(target, args)
      }
    },
  })
  const said: { message: string; fields: Record<string, unknown> }[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (fields, message) => void said.push({ message, fields: { ...fields } }),
  }
  const measured = { perSecond: 0.2, variance: 0, live: 1 }
  const flows = { flow: () => measured }
  const failOpen = new FailOpen({ flows, clock, logger, limitMs: 5 * MINUTE, mostPerMinute: 60 })
  const app = buildRoom({ ...deps, line, failOpen })
  t.after(() => app.close())
  const check = async (visitor: string, event = '1') => {
    const headers = { authorization: `Bearer ${rig.tokenOf(visitor)}` }
    const answer = await app.inject({ method: 'POST', url: `/api/queue/check/${event}`, headers })
    return { status: answer.statusCode, body: answer.json() }
  }

  assert.equal((await check('v1')).body.withoutLine, undefined)
  await deps.line.define('shut', { ...DEFAULT_DOOR, mode: 'paused' })
  await check('v1', 'shut')
  away.is = true
  const first = await check('a')
  assert.deepEqual([first.status, first.body.withoutLine, first.body.state], [200, true, 'admitted'])
  const expected = { keys: deps.passes.keySet, issuer: 'https://room.example', event: '1', now: clock.now() }
  assert.ok(verifyPass(first.body.pass, expected).ok)
  assert.equal((await check('b')).status, 503, 'beyond the rate')
  assert.equal((await check('a')).body.passExpiresAt, first.body.passExpiresAt, 'asking again costs nothing')
  assert.equal((await check('c', 'shut')).status, 503, 'a door that was not open')
  assert.equal((await check('c', 'unknown')).status, 503, 'an event nobody knew')

  // 0.2 in a second: 12 in a minute, one of which is gone.
  let letIn = 1
  for (let second = 0; second < 4 * 60; second++) {
    await clock.advance(1_000)
    if ((await check(`x${second}`)).status === 200) letIn++
  }
  assert.ok(letIn >= 47 && letIn <= 49, `${letIn} in four minutes`)
  assert.equal(said.filter(({ message }) => message === 'Let in without the line').length, letIn)
  assert.ok(said.some(({ fields }) => fields.visitor === 'a'))

  await clock.advance(MINUTE)
  assert.equal((await check('late')).status, 503, 'too long')
  assert.equal((await check('a')).status, 503)
  away.is = false
  assert.deepEqual(
    [(await check('late')).body.ticket, (await check('late')).body.withoutLine],
    [2, undefined],
  )
  assert.match(said.at(-1)?.message ?? '', /The line is back/)
})

test('nothing measured, or not asked for: nobody is let in', async (t) => {
  const rig = await roomRig(t)
  const { clock, deps } = rig
  const failOpen = new FailOpen({
    flows: { flow: () => undefined },
    clock,
    logger: silentLogger,
    limitMs: MINUTE,
    mostPerMinute: 60,
  })
  await deps.line.define('1', DEFAULT_DOOR)
  const snapshot = await deps.line.snapshot('1')
  assert.ok(snapshot)
  failOpen.seen(snapshot)
  assert.equal(failOpen.admit('1', 'a'), undefined)
})
