/** How `weir monitor` looks, from samples; whatever the size. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { clip, sparkline } from '../../src/cli/monitor-cells.ts'
import { MonitorHistory } from '../../src/cli/monitor-history.ts'
import { monitorLines } from '../../src/cli/monitor-view.ts'
import { columns } from '../../src/cli/terminal.ts'
import { type Look, parseExposition } from '../../src/lab/index.ts'

const START = new Date(2026, 0, 2, 3, 4, 5).getTime()
const URL = 'http://127.0.0.1:8000'
const none = { ready: 0, inFlight: 0, delayed: 0, dead: 0, inPerSecond: 0, outPerSecond: 0 }
const member = {
  id: 'a',
  host: 'box',
  types: ['MNP'],
  draining: false,
  startedAt: new Date(START - 90_000).toISOString(),
}
const METRICS = `bss_monitoring_enabled 1
bss_message_retries_total{message_type="MNP"} 12
bss_room_waiting{event="1"} 80
bss_room_active{event="1"} 20
bss_room_threshold{event="1"} 20
bss_room_parked{event="1"} 3
bss_room_admissions_total{event="1"} 100`

function look(second: number, change: Partial<Look['status']> = {}, metrics = METRICS): Look {
  const status = {
    queue: 'bss_single_queue',
    engine: 'rabbitmq',
    depth: { ready: 1200 + second, inFlight: 7, delayed: 5, dead: 3 },
    inPerSecond: 120.4,
    outPerSecond: 98.25,
    oldestAgeMs: 12_000,
    drainEtaMs: 150_000,
    types: {
      MNP: {
        ...{ ...none, ready: 1200 + second, delayed: 5, dead: 3, inPerSecond: 120.4, outPerSecond: 98.25 },
        ...{ running: 7, concurrencyLimit: 10, oldestAgeMs: 12_000, drainEtaMs: 150_000 },
        ...{
          breaker: 'open' as const,
          scaling: { wanted: 4, ready: 2, starting: 2, draining: 0, reason: 'warming' },
        },
      },
      명의변경: none,
    },
    members: [
      { ...member, role: 'gateway' as const, pid: 1, running: 0, cpu: 0.256, memoryBytes: 150e6 },
      { ...member, role: 'consumer' as const, pid: 22, running: 7, draining: true },
    ],
    ...change,
  }
  return { at: START + second * 1000, status, metrics: parseExposition(metrics).samples }
}

const plain = (width: number, rows?: number) => ({
  columns: width,
  colour: false,
  ...(rows !== undefined && { rows }),
})
const after = (...seen: readonly Look[]) => {
  const history = new MonitorHistory(URL)
  return seen.map((one) => history.add(one)).at(-1) as ReturnType<MonitorHistory['add']>
}

describe('the picture of a monitor', () => {
  test('has rates, depth, workers with their reason, and what each process uses', () => {
    const view = after(
      look(0),
      look(1, {}, METRICS.replace('_total{event="1"} 100', '_total{event="1"} 105')),
    )
    assert.equal(
      monitorLines(view, plain(116)).join('\n'),
      `
weir bss_single_queue (rabbitmq) at http://127.0.0.1:8000                                                   03:04:06

in 120.4/s           ██   out 98.3/s           ██   waiting 1,206           ██   in work 7   oldest 12 s
empty in 2.5 min   retries 12   dead 3   cpu -   memory -

type      ready                 in/s  out/s  in work  oldest  empty in  delayed  dead  breaker  workers  because
MNP       1,201            ██  120.4   98.3     7/10    12 s   2.5 min        5     3     open      2/4  warming
명의변경      0            ▁▁    0.0    0.0        -       -         -        0     0        -        -  -

process   where   types  in work   cpu  memory    up
gateway   box:1   MNP          0  26 %  150 MB  91 s
consumer  box:22  MNP          7     -       -  91 s  draining

room 1   waiting 80   inside 20/20   parked 3   let in 5.0/s`.slice(1),
    )
  })

  test('at 40 columns keeps type, depth, rates, CPU and memory', () => {
    assert.equal(
      monitorLines(after(look(0)), plain(40)).join('\n'),
      `
weir bss_single_queue (rabbit…  03:04:05

in 120.4/s            █
out 98.3/s            █
waiting 1,205            █   in work 7
oldest 12 s   empty in 2.5 min
retries 12   dead 3   cpu -   memory -

type      ready   in/s  out/s  empty in
MNP       1,200  120.4   98.3   2.5 min
명의변경      0    0.0    0.0         -

process   where    cpu  memory
gateway   box:1   26 %  150 MB
consumer  box:22     -       -  draining

room 1   waiting 80   inside 20/20
parked 3   let in -/s`.slice(1),
    )
  })

  test('fits into every size, in width and in height, with and without colours', () => {
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`TYPE${n}`, { ...none, ready: 10 ** (n % 9) }]),
    )
    const views = [
      after(look(0)),
      after(look(0, { types: many, unserved: ['MNP'], unrouted: 4 })),
      after({ at: START, away: 'x'.repeat(300) }),
    ]
    const sizes = [1, 7, 20, 40, 79, 80, 120, 300].flatMap((width) =>
      [1, 2, 5, 10, 24, 60].flatMap((rows) =>
        [false, true].map((colour) => ({ columns: width, rows, colour })),
      ),
    )
    for (const [view, size] of views.flatMap((one) => sizes.map((of) => [one, of] as const))) {
      const lines = monitorLines(view, { ...size, footer: 'q quits' })
      assert.ok(lines.length <= size.rows, `${lines.length} lines in ${size.rows} rows`)
      const bare = lines.map(stripVTControlCharacters)
      for (const line of bare) assert.ok(columns(line) <= size.columns, `wider than ${size.columns}: ${line}`)
      if (!size.colour) assert.deepEqual(bare, lines)
    }
    const short = monitorLines(views[1] ?? assert.fail(), { ...plain(100, 20), footer: 'q quits' })
    assert.match(short.at(-2) ?? '', /^… 5\d more lines/)
    assert.equal(short.at(-1), 'q quits')
  })

  test('says that the service is away, since when, with holes in the drawings and dashes for figures', () => {
    const gone = (second: number): Look => ({ at: START + second * 1000, away: 'refused' })
    assert.match(
      monitorLines(after(look(0), gone(1)), plain(100)).join('\n'),
      /^NO ANSWER: refused; trying again$/m,
    )
    const lines = monitorLines(after(look(0), gone(1), gone(4)), plain(100)).join('\n')
    assert.match(lines, /^NO ANSWER for 3\.0 s: refused/m)
    assert.match(lines, /in - {10}█ {5}out .*waiting - /)
    assert.doesNotMatch(lines, /type|process/)
    const back = monitorLines(after(look(0), gone(1), look(2)), plain(100)).join('\n')
    assert.doesNotMatch(back, /NO ANSWER/)
    assert.match(back, /in 120\.4\/s {10}█ █/)
  })

  test('tells what nobody serves, what is kept apart, and that monitoring is off', () => {
    const view = after(look(0, { unserved: ['MNP'], unrouted: 4 }, 'bss_monitoring_enabled 0'))
    const text = monitorLines(view, plain(100)).join('\n')
    assert.match(
      text,
      /^MNP: messages wait, and no consumer is there\n4 messages of unknown types are kept apart$/m,
    )
    assert.match(text, /monitoring off/)
    assert.match(text, /retries - /)
    assert.doesNotMatch(text, /^room /m)
    const without = { ...look(0), withoutMetrics: '/metrics answered HTTP 500' }
    assert.match(monitorLines(after(without), plain(100)).join('\n'), /^without metrics: .*500$/m)
  })

  test('of a role without an API shows what its metrics tell: its own CPU, its memory, its room', () => {
    const metrics = (cpu: number) => `${METRICS}\nbss_process_cpu_seconds_total ${cpu}
bss_process_memory_bytes{kind="resident"} 120000000\nbss_process_memory_bytes{kind="heap_used"} 5`
    const at = (second: number, cpu: number, start?: number): Look => ({
      at: START + second * 1000,
      withoutStatus: 'HTTP 404',
      metrics: parseExposition(
        start === undefined ? metrics(cpu) : `${metrics(cpu)}\nbss_process_start_time_seconds ${start}`,
      ).samples,
    })
    const shown = (...seen: Look[]) => monitorLines(after(...seen), plain(100)).join('\n')
    assert.match(shown(at(0, 7), at(2, 7.5)), /^retries 12 .* cpu 25 % {3}memory 120 MB$/m)
    assert.match(shown(at(0, 7), at(2, 7.5)), /^room 1 .*^without status: HTTP 404$/ms)
    assert.match(shown(at(0, 7)), /cpu - /, 'nothing is made up at the first look')
    assert.match(shown(at(0, 7), at(2, 0.5)), /cpu - /, 'nor of another process')
    assert.match(shown(at(0, 7, 1000), at(2, 7.5, 1000)), /cpu 25 %/)
    assert.match(shown(at(0, 7, 1000), at(2, 7.5, 1001)), /cpu - /, 'nor of one that took longer to begin')
  })

  test('of a large fleet shows roles and types together, and no sum that lacks a part', () => {
    const one = (index: number) => ({
      ...{
        ...member,
        id: `c${index}`,
        role: 'consumer' as const,
        pid: index,
        running: 2,
        draining: index < 3,
      },
      ...{ types: [index < 10 ? 'MNP' : 'CHANGE'], memoryBytes: 10e6, ...(index !== 12 && { cpu: 0.1 }) },
    })
    const members = Array.from({ length: 15 }, (_, index) => one(index))
    const lines = monitorLines(after(look(0, { members })), plain(100)).join('\n')
    assert.match(lines, /^consumer x10 +MNP +20 +100 % +100 MB +90 s +3 draining$/m)
    assert.match(lines, /^consumer x5 +CHANGE +10 +- +50 MB +90 s$/m)
    assert.doesNotMatch(lines, /box/)
  })

  test('lets no service write commands to the terminal', () => {
    const evil = '\x1b]0;owned\x07'
    const view = after(look(0, { queue: evil, engine: evil, types: { [evil]: none }, unserved: [evil] }))
    for (const line of monitorLines(view, plain(200))) assert.doesNotMatch(line, /\p{Cc}/u)
    const away = after({ at: START, away: evil })
    for (const line of monitorLines(away, plain(200))) assert.doesNotMatch(line, /\p{Cc}/u)
  })

  test('a room that began anew gives no rate, and none is made up at the first look', () => {
    const at = (second: number, total: number) => look(second, {}, METRICS.replace('} 100', `} ${total}`))
    assert.equal(after(at(0, 100)).rooms[0]?.admittedPerSecond, undefined)
    assert.equal(after(at(0, 100), at(2, 130)).rooms[0]?.admittedPerSecond, 15)
    assert.equal(after(at(0, 100), at(2, 30)).rooms[0]?.admittedPerSecond, undefined)
  })

  test('remembers no more than it can draw, and forgets types that are gone', () => {
    const history = new MonitorHistory(URL)
    for (let second = 0; second < 400; second++)
      history.add(look(second, { types: { [`T${second}`]: none } }))
    const { series } = history.add(look(400))
    assert.equal(series.in.length, 120)
    assert.deepEqual([...series.types.keys()], ['MNP', '명의변경'])
    assert.equal(series.types.get('MNP')?.length, 120)
  })
})

describe('what it is drawn with', () => {
  test('a drawing goes from 0 to the most of what it shows, with holes where nothing is known', () => {
    assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), '▁▂▃▄▅▆▇█')
    assert.equal(sparkline([100, 0, 7, undefined, 7], 4), '▁█ █')
    assert.equal(sparkline([0, 0], 4), '  ▁▁')
    assert.equal(sparkline([], 3), '   ')
    assert.equal(sparkline([1], 0), '')
  })

  test('what is cut off is marked, and a wide letter is never halved', () => {
    assert.equal(clip('abcdef', 6), 'abcdef')
    assert.equal(clip('abcdef', 4), 'abc…')
    assert.equal(clip('번호이동', 4), '번…')
    assert.equal(clip('번호이동', 8), '번호이동')
    assert.equal(clip('abc', 0), '')
  })
})
