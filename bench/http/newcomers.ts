/**
 * newcomers: those who come new to a gateway that others keep busy, with its many listening sockets and with one.
 */
import { connect } from 'node:net'
import { atLeast, type Bench, type BenchContext, type Figure, overRounds } from '../harness/figures.ts'
import { type Started, serveScript } from '../harness/processes.ts'
import { alternate } from '../harness/rounds.ts'
import { median, quantile, ratios, spread } from '../harness/statistics.ts'
import { throughputLoad } from '../load/load.ts'
import { ONE_BODY } from './bodies.ts'

const PATH = '/api/message'
/** Who is connected already, and asks again as soon as there is an answer. */
const CONNECTED = 500
const COMING = 1_000
const ROUNDS = 5
/** Into the load of the others. */
const COME_AFTER_MS = 2_000
const PATIENCE_MS = 4_000

/** What the others send: messages that are kept, or what is refused at once, which keeps the process busier. */
const OTHERS = { accepted: ONE_BODY, refused: '{"type":"MNP"}' } as const
type Others = keyof typeof OTHERS

interface Round {
  /** From coming to the answer, milliseconds; of those who were not answered, Infinity. */
  readonly waits: readonly number[]
  /** Answers that the others had. */
  readonly othersPerSecond: number
}

export const newcomers: Bench = {
  name: 'newcomers',
  about: `${COMING} new connections at once at a gateway that ${CONNECTED} others keep busy`,
  async run(context) {
    const server = (listeners?: number) => {
      const dataDir = context.newDir(`listeners-${listeners ?? 'many'}`)
      return serveScript('http/server.ts', { engine: 'embedded', consume: false, dataDir, listeners })
    }
    const [many, one] = [await server(), await server(1)]
    const figures: Figure[] = []
    try {
      for (const others of Object.keys(OTHERS) as Others[]) {
        const variants = { many: () => round(context, many, others), one: () => round(context, one, others) }
        const results = await alternate(context.quick ? 1 : ROUNDS, variants, context.say, (result) => {
          const wait = median(result.waits)
          const half = Number.isFinite(wait) ? `half after ${Math.round(wait)} ms` : 'not half of them'
          const rate = Math.round(result.othersPerSecond)
          return `${answered(result)} accepted, ${half}; the others, ${others}, ${rate}/s`
        })
        figures.push(...figuresOf(others, results))
      }
      return { figures, skipped: [] }
    } finally {
      await Promise.all([many.stop(), one.stop()])
    }
  },
}

async function round({ quick }: BenchContext, server: Started, others: Others): Promise<Round> {
  const port = Number(server.ready.port)
  const seconds = (COME_AFTER_MS + PATIENCE_MS) / 1000 + 1
  const load = {
    path: PATH,
    body: OTHERS[others],
    connections: CONNECTED,
    mode: 'closed',
    warmUpSeconds: 0,
  } as const
  const loaded = throughputLoad({ ...load, port, seconds }, server.pid)
  await new Promise((resolve) => setTimeout(resolve, COME_AFTER_MS))
  const coming = Array.from({ length: quick ? COMING / 10 : COMING }, () => newcomer(port))
  const waits = await Promise.all(coming)
  const { statuses } = await loaded
  const answers = Object.entries(statuses).reduce(
    (sum, [status, count]) => sum + (status === '0' ? 0 : count),
    0,
  )
  return { waits, othersPerSecond: answers / seconds }
}

const REQUEST =
  `POST ${PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nConnection: close\r\n` +
  `Content-Length: ${Buffer.byteLength(ONE_BODY)}\r\n\r\n${ONE_BODY}`

/** Milliseconds until accepted; Infinity when refused, broken, or not within the patience. */
function newcomer(port: number): Promise<number> {
  const came = performance.now()
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(REQUEST))
    const end = (waited: number): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(waited)
    }
    const timer = setTimeout(() => end(Number.POSITIVE_INFINITY), PATIENCE_MS)
    socket.once('data', (bytes) => {
      const isAccepted = bytes.toString('latin1', 0, 12) === 'HTTP/1.1 202'
      end(isAccepted ? performance.now() - came : Number.POSITIVE_INFINITY)
    })
    socket.once('error', () => end(Number.POSITIVE_INFINITY))
  })
}

const answered = ({ waits }: Round): number => waits.filter(Number.isFinite).length
const share = (result: Round): number => (answered(result) / result.waits.length) * 100

function figuresOf(others: Others, { many, one }: Record<'many' | 'one', Round[]>): Figure[] {
  const inTime = `others ${others}: newcomers accepted within ${PATIENCE_MS / 1000} s`
  const at = (p: number) => many.map(({ waits }) => quantile(waits, p))
  const rates = (rounds: readonly Round[]) => rounds.map(({ othersPerSecond }) => othersPerSecond)
  const alone = one.map(share)
  const kept = ratios(rates(many), rates(one))
  return [
    overRounds(`${inTime}, many listening sockets`, many.map(share), '%', atLeast(99)),
    { what: `${inTime}, one`, value: median(alone), unit: '%', note: spread(alone) },
    {
      what: 'half of them accepted after, many',
      value: median(at(0.5)),
      unit: 'ms',
      note: spread(at(0.5), 0),
    },
    {
      what: '99 of 100 accepted after, many',
      value: median(at(0.99)),
      unit: 'ms',
      note: spread(at(0.99), 0),
    },
    { what: 'answers to the others, many ÷ one', value: median(kept), unit: 'x', note: spread(kept) },
  ]
}
