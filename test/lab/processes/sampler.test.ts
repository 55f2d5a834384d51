import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { realClock } from '../../../src/app/index.ts'
import { type ProcessPoint, ProcessSampler, type ProcessSeries, summaryOf } from '../../../src/lab/index.ts'
import { FakeClock } from '../../fixtures/fake-clock.ts'
import { eventually } from '../../fixtures/process.ts'
import { Measured } from './measured.ts'

const MB = 1e6
/** The system tells user and system time to a tick of 10 ms each. */
const TICKS_S = 0.021

/** Processes that use `cores` of the fake clock's time, until they end. */
function sampled(cores: Record<number, number>, options: { intervalMs: number; mostPoints?: number }) {
  const clock = new FakeClock()
  const begun = clock.now()
  const gone = new Set<number>()
  let looks = 0
  const sampler = new ProcessSampler({
    clock,
    ...options,
    sample: async (pid) => {
      looks += 1
      const share = cores[pid]
      if (share === undefined || gone.has(pid)) return undefined
      return { cpuSeconds: (share * (clock.now() - begun)) / 1000, rssBytes: pid * MB }
    },
  })
  return { clock, sampler, gone, looks: () => looks }
}

const named = (sampler: ProcessSampler, name: string): ProcessSeries => {
  const found = sampler.series().find((one) => one.name === name)
  assert.ok(found, `no series ${name}`)
  return found
}

describe('a series of what processes use', () => {
  it('has the cores used since the last point, for each process, of the same moments', async () => {
    const { clock, sampler } = sampled({ 1: 0.25, 2: 1.5 }, { intervalMs: 500 })
    const begun = clock.now()
    await sampler.watch('gateway', 1)
    await sampler.watch('consumer', 2)
    sampler.start()
    await clock.advance(1500)
    await sampler.stop()
    const point = (at: number, cpu: number, rssBytes: number) => ({
      at: begun + at,
      spanMs: 500,
      cpu,
      rssBytes,
    })
    const series = (cpu: number, rss: number) => [500, 1000, 1500].map((at) => point(at, cpu, rss))
    assert.deepEqual(sampler.series(), [
      { name: 'gateway', pid: 1, points: series(0.25, MB) },
      { name: 'consumer', pid: 2, points: series(1.5, 2 * MB) },
    ])
  })

  it('has a point also of a run shorter than the interval, and none of no time at all', async () => {
    const { clock, sampler } = sampled({ 1: 1 }, { intervalMs: 1000 })
    await sampler.watch('x', 1)
    sampler.start()
    await clock.advance(300)
    await sampler.stop()
    assert.deepEqual(
      named(sampler, 'x').points.map(({ spanMs, cpu }) => [spanMs, cpu]),
      [[300, 1]],
    )
    await sampler.stop()
    assert.equal(named(sampler, 'x').points.length, 1, 'stopping twice changes nothing')
    assert.equal(clock.pending, 0)
  })

  it('says when a process ended, asks no more for it, and goes on with the others', async () => {
    const { clock, sampler, gone, looks } = sampled({ 1: 1, 2: 1 }, { intervalMs: 100 })
    const begun = clock.now()
    await sampler.watch('ends', 1)
    await sampler.watch('stays', 2)
    sampler.start()
    await clock.advance(200)
    gone.add(1)
    await clock.advance(200)
    assert.equal(named(sampler, 'ends').endedAt, begun + 300)
    assert.equal(named(sampler, 'ends').points.length, 2)
    assert.equal(named(sampler, 'stays').points.length, 4)
    assert.equal(named(sampler, 'stays').endedAt, undefined)
    const before = looks()
    await clock.advance(100)
    assert.equal(looks() - before, 1)
    await sampler.stop()
  })

  it('takes a process that got the number of one that ended for another one', async () => {
    const cores: Record<number, number> = { 1: 1 }
    const { clock, sampler } = sampled(cores, { intervalMs: 100 })
    await sampler.watch('x', 1)
    sampler.start()
    await clock.advance(200)
    cores[1] = 0.1
    await clock.advance(100)
    assert.ok(named(sampler, 'x').endedAt)
    assert.ok(
      named(sampler, 'x').points.every(({ cpu }) => cpu === 1),
      'and no negative share',
    )
    await sampler.stop()
  })

  it('goes on under its name with the process that took its place', async () => {
    const { clock, sampler, gone } = sampled({ 1: 1, 2: 0.5 }, { intervalMs: 100 })
    await sampler.watch('worker', 1)
    sampler.start()
    await clock.advance(200)
    gone.add(1)
    await clock.advance(100)
    await sampler.watch('worker', 2)
    await clock.advance(200)
    const { pid, points, endedAt } = named(sampler, 'worker')
    assert.deepEqual(
      [pid, endedAt, points.map(({ cpu }) => Math.round(cpu * 100) / 100)],
      [2, undefined, [1, 1, 0.5, 0.5]],
    )
    await sampler.stop()
  })

  it('keeps a long run whole in few points: coarser, and nothing of what was used is missing', async () => {
    const { clock, sampler } = sampled({ 1: 0.5 }, { intervalMs: 100, mostPoints: 8 })
    const begun = clock.now()
    await sampler.watch('x', 1)
    sampler.start()
    await clock.advance(10_000)
    await sampler.stop()
    const { points } = named(sampler, 'x')
    assert.ok(points.length <= 8 && points.length >= 4, `${points.length} points`)
    assert.equal(
      points.reduce((sum, { spanMs }) => sum + spanMs, 0),
      10_000,
    )
    assert.equal(points.at(-1)?.at, begun + 10_000)
    const used = points.reduce((sum, { spanMs, cpu }) => sum + (spanMs * cpu) / 1000, 0)
    assert.ok(Math.abs(used - 5) < 1e-9, `${used} s of 5 s`)
  })

  it('says the mean over time and the highest of each', () => {
    const point = (spanMs: number, cpu: number, rssBytes: number): ProcessPoint => ({
      at: 0,
      spanMs,
      cpu,
      rssBytes,
    })
    const points = [point(100, 1, 5), point(300, 0.2, 9), point(100, 0.4, 7)]
    assert.deepEqual(summaryOf({ points }), { meanCpu: 0.4, maxCpu: 1, maxRssBytes: 9 })
    assert.deepEqual(summaryOf({ points: [] }), { meanCpu: null, maxCpu: null, maxRssBytes: null })
  })

  it('of real processes agrees with what they say themselves, and notices the one that ends', async () => {
    await using busy = new Measured()
    await using idle = new Measured()
    const views = async () => {
      const [ofBusy, ofIdle] = await Promise.all([busy.tell('look'), idle.tell('look')])
      return { busy: ofBusy.cpuSeconds, idle: ofIdle.cpuSeconds }
    }
    const before = await views()
    const sampler = new ProcessSampler({ clock: realClock, intervalMs: 50 })
    await Promise.all([sampler.watch('busy', busy.pid), sampler.watch('idle', idle.pid)])
    const begun = await views()
    sampler.start()
    await busy.tell('burn 700')
    const burnt = await views()
    {
      await using brief = new Measured()
      await sampler.watch('brief', brief.pid)
    }
    await eventually(
      () => named(sampler, 'brief').endedAt,
      () => 'the end was not noticed',
    )
    await sampler.stop()
    const after = await views()
    // Used time only grows: the sampler's first look is between the first two of theirs, its last between the others.
    for (const name of ['busy', 'idle'] as const) {
      const { points } = named(sampler, name)
      const used = points.reduce((sum, { spanMs, cpu }) => sum + (spanMs * cpu) / 1000, 0)
      const [least, most] = [burnt[name] - begun[name], after[name] - before[name]]
      const says = `${name}: seen ${used} s, its own view ${least} s to ${most} s`
      assert.ok(used > least - TICKS_S && used < most + TICKS_S, says)
    }
    assert.ok((summaryOf(named(sampler, 'busy')).maxRssBytes ?? 0) > 20 * MB)
  })
})
