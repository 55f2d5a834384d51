/**
 * validate-analysis: what `weir validate` takes to judge a long record. Reading both files, the audit of every message,
 * smoothing at three bins beside the perfect pacer's, the peak in every window, flatness.
 */
import { atMost, type Bench, overRounds } from './harness/figures.ts'
import { runScript } from './harness/processes.ts'
import { alternate } from './harness/rounds.ts'
import { median } from './harness/statistics.ts'

interface Analysed {
  readonly seconds: number
  readonly mostMb: number
  readonly events: number
}

const EVENTS = 1_000_000

export const validateAnalysis: Bench = {
  name: 'validate-analysis',
  about: 'judging a record of 1,000,000 events (quick: 100,000), from its files to its verdicts',
  async run({ quick, newDir, say }) {
    const [directory, events] = [newDir('record'), quick ? EVENTS / 10 : EVENTS]
    await runScript('validate/analyse.ts', { directory, events, make: true })
    const analyse = () => runScript<Analysed>('validate/analyse.ts', { directory, events, make: false })
    const { analyse: rounds } = await alternate(quick ? 1 : 5, { analyse }, say, (one) => {
      return `${one.events} events in ${one.seconds.toFixed(2)} s, ${one.mostMb.toFixed(0)} MB`
    })
    const series = (key: keyof Analysed) => rounds.map((one) => one[key])
    return {
      figures: [
        { what: 'events', value: median(series('events')), unit: 'count' },
        overRounds('analysed in', series('seconds'), 's', atMost(5)),
        overRounds('resident memory, at most', series('mostMb'), 'MB', atMost(500)),
      ],
      skipped: [],
    }
  },
}
