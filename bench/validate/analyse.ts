/** Child: analyses a recorded run of so many messages as `weir validate` does, and tells what that took. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type LoggedCall, readCallLog } from '../../src/lab/backend/call-log.ts'
import { historyLine } from '../../src/lab/history.ts'
import { aheadOfPaceMs, peakAgainstPace } from '../../src/lab/measure/peak.ts'
import { flatness, perfectOutput, smoothing } from '../../src/lab/measure/smoothing.ts'
import { audited, recordedOf } from '../../src/lab/validate/recorded.ts'
import { answer, childConfig } from '../harness/child.ts'

interface Config {
  readonly directory: string
  readonly events: number
  /** Writes the record instead of reading it: its cost and its memory are not the analysis'. */
  readonly make: boolean
}

const START = 1.7e12
const PACE = 2_000
const { directory, events, make } = childConfig<Config>()
const [history, log] = [join(directory, 'history.jsonl'), join(directory, 'calls.jsonl')]
const messages = Math.ceil(events / 3)

/** A burst ten times as fast as it leaves: three events a message. */
function record(): void {
  const [inFile, outFile] = [openSync(history, 'w'), openSync(log, 'w')]
  writeSync(inFile, historyLine({ kind: 'history', version: 1, effects: true }))
  const setup = { capacity: 100, limit: 200, serviceMs: 20, spread: 0.5, burnMs: 0, seed: 1 }
  writeSync(outFile, `${JSON.stringify({ kind: 'backend', version: 1, ...setup })}\n`)
  for (let first = 0; first < messages; first += 1_000) {
    let [came, went] = ['', '']
    for (let index = first; index < Math.min(messages, first + 1_000); index++) {
      const [ref, at] = [`0123456789ab/${index}`, START + index / 20]
      const id = `01a1fca7-047c-7000-95a7-${index.toString(16).padStart(12, '0')}`
      came +=
        historyLine({ kind: 'attempted', ref, at }) +
        historyLine({ kind: 'acknowledged', ref, id, at: at + 2 })
      const start = START + (index * 1000) / PACE
      const call = { kind: 'call', start, end: start + 20, latencyMs: 20, concurrency: 40, status: 200 }
      went += `${JSON.stringify({ ...call, outcome: 'served', id, type: 'ORDER', attempt: 1, ref })}\n`
    }
    writeSync(inFile, came)
    writeSync(outFile, went)
  }
  closeSync(inFile)
  closeSync(outFile)
}

async function analyse() {
  const began = performance.now()
  const read = await recordedOf(history, true)
  const { sent, acknowledged } = read
  const calls: LoggedCall[] = []
  for await (const call of readCallLog(log)) calls.push(call)
  const verdict = audited(read, calls, null)
  const out = Float64Array.from(calls, ({ start }) => start).sort()
  const horizon = { from: sent[0] ?? 0, to: (out.at(-1) ?? 0) * 2 - (sent[0] ?? 0) }
  const perfect = perfectOutput(sent, PACE)
  const smoothings = [100, 1_000, 10_000].flatMap((binMs) => [
    smoothing(sent, out, horizon, binMs),
    smoothing(sent, perfect, horizon, binMs),
  ])
  const peak = peakAgainstPace(out, PACE, 5, [100, 250, 1_000])
  const ahead = aheadOfPaceMs(out, PACE)
  const even = flatness(out, { from: out[0] ?? 0, to: out.at(-1) ?? 0 }, 100)
  const seconds = (performance.now() - began) / 1000
  if (!verdict.passed || verdict.ok !== messages || (peak?.share ?? 2) > 1) throw new Error('a wrong verdict')
  return {
    seconds,
    // Of the whole process, Node included, at its highest.
    mostMb: process.resourceUsage().maxRSS / 1024,
    events: sent.length + acknowledged.length + calls.length,
    told: [...smoothings, ahead, even],
  }
}

if (make) record()
answer(make ? { messages } : await analyse())
