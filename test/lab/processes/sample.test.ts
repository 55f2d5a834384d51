import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { sampleProcess } from '../../../src/lab/index.ts'
import { parsePs, parseStat } from '../../../src/lab/processes/sample.ts'
import { eventually } from '../../fixtures/process.ts'
import { Measured } from './measured.ts'

/** The system tells user and system time to a tick of 10 ms each. */
const TICKS_S = 0.021

describe('a look at a process', () => {
  it('tells the processor time that the process itself knows of, whatever the machine does', async () => {
    await using child = new Measured()
    const begun = await child.tell('look')
    const burnt = await child.tell('burn 600')
    const seen = await sampleProcess(child.pid)
    const after = await child.tell('look')
    assert.ok(seen)
    assert.ok(burnt.cpuSeconds - begun.cpuSeconds > 0.59, `${begun.cpuSeconds} s, then ${burnt.cpuSeconds} s`)
    // Used time only grows, so ours is between two of its own.
    const [least, most] = [burnt.cpuSeconds - TICKS_S, after.cpuSeconds + TICKS_S]
    const says = `${seen.cpuSeconds} s, and not from ${least} s to ${most} s`
    assert.ok(seen.cpuSeconds > least && seen.cpuSeconds < most, says)
  })

  it('tells the memory that the process itself knows of', async () => {
    await using child = new Measured()
    const first = await sampleProcess(child.pid)
    const own = await child.tell('keep 60')
    const second = await sampleProcess(child.pid)
    assert.ok(first && second)
    assert.ok(second.rssBytes - first.rssBytes > 50e6, `${first.rssBytes} then ${second.rssBytes}`)
    assert.ok(Math.abs(second.rssBytes - own.rssBytes) < 10e6, `seen ${second.rssBytes}, own ${own.rssBytes}`)
  })

  it('is undefined for one that has ended, for no process, and for what is no number of one', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    assert.equal(await sampleProcess(child.pid ?? 0), undefined)
    for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 31]) assert.equal(await sampleProcess(pid), undefined)
  })

  it('is undefined for one that has ended and that nobody asked how', {
    skip: process.platform !== 'linux' && 'needs /proc',
  }, async () => {
    // The shell starts a process that ends with our input, and becomes one that never waits for it.
    const parent = spawn('sh', ['-c', 'exec 3<&0; cat <&3 & echo $!; exec sleep 600'])
    const exit = once(parent, 'exit')
    try {
      const [data] = await once(parent.stdout, 'data')
      const pid = Number(String(data))
      const told = (of: number | undefined, what: RegExp) => () =>
        what.test(readFileSync(`/proc/${of}/stat`, 'utf8')) || undefined
      await eventually(told(parent.pid, /\(sleep\)/), () => 'the shell stays a shell')
      parent.stdin.end()
      await eventually(told(pid, / Z /), () => `${pid} did not end`)
      assert.equal(await sampleProcess(pid), undefined)
    } finally {
      parent.kill('SIGKILL')
      await exit
    }
  })
})

describe('the texts of the system', () => {
  it('/proc: the name may look like fields', () => {
    const rest = '1 2 3 0 -1 4194560 100 0 0 0 250 150 7 7 20 0 11 0 900 1000 100'
    assert.deepEqual(parseStat(`42 (a) S (b) S ${rest}`), { ended: false, ticks: 400 })
    assert.deepEqual(parseStat(`42 (node) Z ${rest}`), { ended: true, ticks: 400 })
    assert.equal(parseStat(''), undefined)
    assert.equal(parseStat('42 (node) S 1 2'), undefined)
  })

  it('ps: minutes, hours and days', () => {
    const cases: [string, number, number][] = [
      ['  0:01.25  2048\n', 1.25, 2048],
      ['12:34.00 1', 754, 1],
      ['01:02:03 512\n', 3723, 512],
      ['2-01:02:03 512', 176_523, 512],
      ['123:45.67 9', 7425.67, 9],
    ]
    for (const [text, cpuSeconds, kilobytes] of cases) {
      assert.deepEqual(parsePs(text), { cpuSeconds, rssBytes: kilobytes * 1024 }, text)
    }
    for (const text of ['', '\n', 'TIME RSS', '0:01.25', '0:01.25 0']) assert.equal(parsePs(text), undefined)
  })
})
