/** room-sockets: thousands who wait at their sockets, and admissions of 500, next to telling each his own place. */
import { atMost, type Bench, type Figure, overRounds } from '../harness/figures.ts'
import { runScript, serveScript } from '../harness/processes.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, spread } from '../harness/statistics.ts'

interface Waited {
  readonly maxMs: number
  readonly p99Ms: number
  readonly admissions: number
  readonly admitted: number
  readonly called: number
  readonly cores: number
  readonly residentMb: number
  readonly framesPerMinute: number
  readonly bytesPerMinute: number
  readonly medianFrames: number
  readonly mostFrames: number
}

export const roomSockets: Bench = {
  name: 'room-sockets',
  about:
    '5,000 waiters at their sockets (quick: 500) and admissions of 500, next to a plain server that tells each',
  async run({ quick, newDir, say }) {
    const load = { visitors: quick ? 500 : 5_000, batch: quick ? 50 : 500, intervalMs: 10_000 }
    const run = (naive: boolean) => async (): Promise<Waited> => {
      const server = await serveScript('line/sockets-server.ts', { ...load, dataDir: newDir('room'), naive })
      const { port, tokens } = server.ready
      const ask = { port, tokens, seconds: quick ? 12 : 60, begin: '/bench/begin', end: '/bench/end' }
      try {
        return await runScript<Waited>('line/waiters.ts', ask)
      } finally {
        await server.stop()
      }
    }
    const variants = { room: run(false), plain: run(true) }
    const { room, plain } = await alternate(quick ? 1 : 3, variants, say, (one) => {
      return `held up for ${one.maxMs.toFixed(0)} ms at most, ${one.framesPerMinute.toFixed(1)} frames a minute`
    })
    const lost = room.reduce((sum, { admitted, called }) => sum + Math.abs(admitted - called), 0)
    return {
      figures: [
        overRounds(
          'event loop held up at a time, at most',
          of(room, 'maxMs'),
          'ms',
          atMost(100),
          `p99 ${median(of(room, 'p99Ms')).toFixed(1)} ms`,
        ),
        figure('the plain server: held up at most', plain, 'maxMs', 'ms'),
        figure('frames a waiter and minute, in the mean', room, 'framesPerMinute', 'count'),
        figure('the plain server: the same', plain, 'framesPerMinute', 'count'),
        figure('bytes a waiter and minute, in the mean', room, 'bytesPerMinute', 'count'),
        figure('the plain server: the same', plain, 'bytesPerMinute', 'count'),
        figure('most frames of one visitor in a minute', room, 'mostFrames', 'count'),
        figure('processor time of the room', room, 'cores', 'cores'),
        figure('processor time of the plain server', plain, 'cores', 'cores'),
        figure('resident memory of the room', room, 'residentMb', 'MB'),
        { what: 'called and not told within the minute', value: lost, unit: 'count', goal: atMost(0) },
      ],
      skipped: [],
    }
  },
}

const of = (results: readonly Waited[], key: keyof Waited): number[] => results.map((one) => one[key])

function figure(what: string, results: readonly Waited[], key: keyof Waited, unit: Figure['unit']): Figure {
  const values = of(results, key)
  return { what, value: median(values), unit, note: joined(spread(values, unit === 'cores' ? 2 : 0)) }
}
