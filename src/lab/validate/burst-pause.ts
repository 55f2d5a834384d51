/**
 * One pause of the output. A machine or its disk that stands still holds up the service as well, and neither the load
 * nor the back end need notice. One such pause is no proof against a pacer; those of its own making come again.
 */
import type { Criterion } from '../report/document.ts'
import { type Look, outRate } from './burst-look.ts'
import { doubted, shown, words } from './findings.ts'

/** Shorter ones change no verdict. */
const LEAST_MS = 100

/** A failure only if it is one without the longest pause, too; otherwise nothing is concluded. */
export function unlessOnePause(look: Look, judge: (look: Look) => Criterion): Criterion {
  const found = judge(look)
  if (found.verdict !== 'failed') return found
  const other = withoutLongestPause(look)
  if (!other || judge(other.look).verdict !== 'passed') return found
  const ms = shown(other.pauseMs)
  return doubted(
    found,
    words(
      `Without a single pause of ${ms} ms this would pass, and one may be the machine's, so nothing is concluded.`,
      `${ms} ms 동안의 한 번의 멈춤이 없었다면 통과입니다. 장비 때문일 수 있어 결론을 내리지 않습니다.`,
    ),
  )
}

/** As it would have been seen if the output had gone on at its rate; undefined when it never paused. */
export function withoutLongestPause(look: Look): { look: Look; pauseMs: number } | undefined {
  const { out, busy, pace } = look
  let [next, gap] = [0, 0]
  for (let index = 1; index < out.length; index++) {
    const [before = 0, at = 0] = [out[index - 1], out[index]]
    if (before < busy.from || at > busy.to || at - before <= gap) continue
    ;[next, gap] = [index, at - before]
  }
  const rate = pace ?? outRate(look) ?? 0
  const pauseMs = rate > 0 ? gap - 1000 / rate : 0
  if (pauseMs < LEAST_MS) return undefined
  const shifted = out.map((at, index) => (index < next ? at : at - pauseMs))
  const { from } = look.horizon
  const end = shifted.at(-1) ?? from
  return {
    pauseMs,
    look: {
      ...look,
      out: shifted,
      horizon: { from, to: from + (end - from) * 2 },
      busy: { from: busy.from, to: busy.to - pauseMs },
    },
  }
}
