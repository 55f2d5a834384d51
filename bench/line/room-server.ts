/**
 * Child: the room's HTTP service over the embedded line on a free port, with a route beside it that does nothing, and a
 * file of tokens for as many visitors. A tenth of them has the first places; the others wait.
 */
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { idMaker, realClock, realRandom } from '../../src/app/real.ts'
import { silentLogger } from '../../src/core/index.ts'
import { buildRoom, Flows, newPassKey, PassSigner, Sessions } from '../../src/waiting-room/index.ts'
import { embedded } from '../core/embedded.ts'
import { answer, childConfig } from '../harness/child.ts'
import { EVENT, PATIENT, visitorId } from './event.ts'

const {
  dataDir,
  visitors,
  newcomers: perRound,
} = childConfig<{
  dataDir: string
  visitors: number
  newcomers: number
}>()
/** A file for each, or who came in one would be no newcomer in the next. */
const ROUNDS = 5
const engine = embedded(dataDir, 'worker')
await engine.start()
const door = { ...PATIENT, cap: Math.ceil(visitors / 10) }
await engine.line.define(EVENT, door)
const sessions = new Sessions('kT9#vQ2!mZ7@pL4$xR8%nB3^wY6&cD1*', 3_600_000)
const app = buildRoom({
  line: engine.line,
  flows: new Flows(),
  passes: new PassSigner('https://room.example', [newPassKey(realClock.now())], idMaker(realClock)),
  sessions,
  clock: realClock,
  random: realRandom,
  logger: silentLogger,
  newSecret: () => '00'.repeat(32),
  options: { autoCreate: false, door, ticketsPerAddress: 0, loginsPerAddress: 0, trustProxy: [] },
})
app.post('/nothing', async () => ({ ok: true }))

const tokensOf = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => {
    const visitor = `${kind}${visitorId(i)}`
    return sessions.issue({ visitor, email: `${i}@b.c`, name: visitor, role: 'user' }, realClock.now())
  })
const file = (name: string, kind: string, count: number): string => {
  const path = join(dataDir, name)
  writeFileSync(path, `${tokensOf(kind, count).join('\n')}\n`)
  return path
}
// Those who ask again are in the line from the start.
const again = file('again', 'a', visitors)
for (let from = 0; from < visitors; from += 1_000) {
  const some = Array.from({ length: Math.min(1_000, visitors - from) }, (_, i) => `a${visitorId(from + i)}`)
  await Promise.all(some.map((visitor) => engine.line.enter(EVENT, visitor)))
}
await app.listen({ port: 0, host: '127.0.0.1' })
const newcomers: string[] = []
for (let round = 0; round < ROUNDS; round++) newcomers.push(file(`new-${round}`, `n${round}`, perRound))
answer({ port: (app.server.address() as AddressInfo).port, again, newcomers })
process.once('SIGTERM', async () => {
  await app.close()
  await engine.stop()
  process.exit(0)
})
