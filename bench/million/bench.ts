/** million: a long backlog must cost neither the start, nor memory, nor the take. */
import { atMost, type Bench, overRounds } from '../harness/figures.ts'
import { runScript } from '../harness/processes.ts'
import { alternate } from '../harness/rounds.ts'
import { joined, median, spread } from '../harness/statistics.ts'

interface Opened {
  readonly waiting: number
  readonly openSeconds: number
  readonly bareMb: number
  readonly openMb: number
  readonly workingMb: number
  readonly takeFullMs: number
  readonly takeEmptyMs: number
  readonly takeFullP99Ms: number
  readonly takeEmptyP99Ms: number
}

export const million: Bench = {
  name: 'million',
  about: 'a million waiting messages (quick: 50,000): opening, memory, a take next to one on an empty queue',
  async run({ quick, newDir, say }) {
    const messages = quick ? 50_000 : 1_000_000
    const dataDir = newDir('full')
    say(`filling with ${messages} messages`)
    const filled = await runScript<{ perSecond: number }>('million/fill.ts', { dataDir, messages })
    const open = () =>
      runScript<Opened>('million/open.ts', { dataDir, emptyDir: newDir('empty'), takes: quick ? 50 : 400 })
    const { open: rounds } = await alternate(quick ? 1 : 3, { open }, say, (one) => {
      return `opened in ${one.openSeconds.toFixed(2)} s, take ${one.takeFullMs.toFixed(2)} ms`
    })
    const series = (key: keyof Opened): number[] => rounds.map((one) => one[key])
    const of = (key: keyof Opened): number => median(series(key))
    const ratio = rounds.map((one) => one.takeFullMs / one.takeEmptyMs)
    const [p99, emptyP99] = [of('takeFullP99Ms').toFixed(1), of('takeEmptyP99Ms').toFixed(1)]
    const figures = [
      {
        what: 'messages waiting',
        value: of('waiting'),
        unit: 'count',
        note: `filled at ${filled.perSecond.toFixed(0)}/s`,
      },
      {
        what: 'opens in',
        value: of('openSeconds'),
        unit: 's',
        goal: atMost(5),
        note: spread(series('openSeconds')),
      },
      {
        what: 'resident memory, open',
        value: of('openMb'),
        unit: 'MB',
        goal: atMost(200),
        note: `the process before the engine: ${of('bareMb').toFixed(0)} MB`,
      },
      {
        what: 'resident memory, at most while taking and settling',
        value: of('workingMb'),
        unit: 'MB',
        goal: atMost(200),
      },
      {
        what: 'a take of 100',
        value: of('takeFullMs'),
        unit: 'ms',
        note: joined(spread(series('takeFullMs')), `p99 ${p99} ms`),
      },
      {
        what: 'a take of 100, queue otherwise empty',
        value: of('takeEmptyMs'),
        unit: 'ms',
        note: joined(spread(series('takeEmptyMs')), `p99 ${emptyP99} ms`),
      },
      overRounds('take from the backlog ÷ from empty', ratio, 'x', atMost(1.5)),
    ] as const
    return { figures, skipped: [] }
  },
}
