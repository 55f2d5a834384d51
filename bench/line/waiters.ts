/** Child: so many visitors who wait at their sockets, and what each of them gets while admissions go on. */
import { readFileSync } from 'node:fs'
import { answer, childConfig } from '../harness/child.ts'
import { median } from '../harness/statistics.ts'
import { EVENT } from './event.ts'
import { RawSocket } from './raw-socket.ts'

interface Config {
  readonly port: number
  readonly tokens: string
  readonly seconds: number
  /** Asked to begin and end by these routes of the server. */
  readonly begin: string
  readonly end: string
}

const AT_ONCE = 50
const { port, tokens, seconds, begin, end } = childConfig<Config>()
const all: RawSocket[] = []
const lines = readFileSync(tokens, 'utf8').trim().split('\n')
for (let from = 0; from < lines.length; from += AT_ONCE) {
  const some = lines.slice(from, from + AT_ONCE).map((token) => new RawSocket(port, token, EVENT))
  all.push(...some)
  await Promise.all(some.map(({ joined }) => joined))
}
const ask = async (path: string): Promise<Record<string, number>> =>
  (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' })).json() as Promise<
    Record<string, number>
  >

const before = all.map(({ frames, bytes }) => ({ frames, bytes }))
await ask(begin)
await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
const told = all.map(({ frames, bytes, entries }, i) => ({
  frames: frames - (before[i]?.frames ?? 0),
  bytes: bytes - (before[i]?.bytes ?? 0),
  called: entries > 0,
}))
const server = await ask(end)
const perMinute = 60 / seconds
const waiting = told.filter(({ called }) => !called)
answer({
  ...server,
  called: told.length - waiting.length,
  framesPerMinute: (waiting.reduce((sum, { frames }) => sum + frames, 0) / waiting.length) * perMinute,
  bytesPerMinute: (waiting.reduce((sum, { bytes }) => sum + bytes, 0) / waiting.length) * perMinute,
  mostFrames: Math.max(...told.map(({ frames }) => frames)) * perMinute,
  medianFrames: median(waiting.map(({ frames }) => frames)) * perMinute,
})
for (const one of all) one.close()
