/**
 * The small console: one page, nothing from elsewhere, that shows what `/api/queue/status` and `/api/stats` say.
 * What was not measured is shown as a dash, never as a number.
 */

const STYLE = `
:root{color-scheme:light dark;--line:#8886;--bad:#c22;--good:#187a3c}
@media (prefers-color-scheme:dark){:root{--bad:#ff8a80;--good:#7ddc9b}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:72rem}
h1{font-size:1.4rem;margin:0 0 .25rem}
h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem;margin:1rem 0}
dl div{border:1px solid var(--line);border-radius:.5rem;padding:.5rem .75rem}
dt{font-size:.85rem;opacity:.8}
dd{margin:0;font-size:1.3rem;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .5rem;text-align:right;border-bottom:1px solid var(--line);font-size:.9rem}
td,tbody th{white-space:nowrap}
thead th{vertical-align:bottom}
th:first-child,td:first-child{text-align:left}
caption{text-align:left;font-size:.85rem;opacity:.8;padding-bottom:.25rem}
.good{color:var(--good)}.bad{color:var(--bad)}
footer{margin-top:1.5rem;font-size:.85rem}
`

/** Runs in the browser; plain script, so that the page needs no build. */
const SCRIPT = `
const ko = (navigator.language || '').toLowerCase().startsWith('ko')
const words = ko
  ? { health: '상태', monitoring: '모니터링', waiting: '대기', inFlight: '처리 중', delayed: '지연', dead: '처리 불가',
      oldest: '최장 대기', rateIn: '초당 유입', rateOut: '초당 유출', drain: '예상 소진', consumers: '소비자',
      accepted: '접수', done: '완료', rejected: '거절', failed: '실패', refused: '거부된 요청', type: '타입',
      byType: '타입별', totals: '누적', updated: '갱신', ready: '정상', notReady: '준비되지 않음', unreachable: '연결 안 됨',
      on: '켜짐', off: '꺼짐', api: 'API 문서', caption: '메시지 타입별 큐 상태' }
  : { health: 'Health', monitoring: 'Monitoring', waiting: 'Waiting', inFlight: 'In flight', delayed: 'Delayed',
      dead: 'Dead letters', oldest: 'Oldest', rateIn: 'In per second', rateOut: 'Out per second', drain: 'Drained in',
      consumers: 'Consumers', accepted: 'Accepted', done: 'Done', rejected: 'Rejected', failed: 'Failed',
      refused: 'Refused requests', type: 'Type', byType: 'By type', totals: 'Totals', updated: 'Updated',
      ready: 'Ready',
      notReady: 'Not ready', unreachable: 'Unreachable', on: 'On', off: 'Off', api: 'API documents',
      caption: 'The queue by message type' }
document.documentElement.lang = ko ? 'ko' : 'en'
const locale = ko ? 'ko' : navigator.language || 'en'
const number = (value, digits = 0) =>
  typeof value === 'number' ? value.toLocaleString(locale, { maximumFractionDigits: digits }) : '–'
const span = (ms) => {
  if (typeof ms !== 'number') return '–'
  const units = [['d', 86400000], ['h', 3600000], ['min', 60000], ['s', 1000]]
  for (const [unit, size] of units) if (ms >= size) return number(ms / size, 1) + ' ' + unit
  return number(ms) + ' ms'
}
const $ = (id) => document.getElementById(id)
for (const node of document.querySelectorAll('[data-word]')) node.textContent = words[node.dataset.word]
const set = (id, text, kind) => {
  const node = $(id)
  // An unchanged text is not written again: a screen reader would read it again.
  if (node.textContent !== text) node.textContent = text
  node.className = kind || ''
}
const get = async (path) => {
  const headers = { accept: 'application/json', 'accept-language': 'en' }
  const answer = await fetch(path, { headers, cache: 'no-store' })
  return { ok: answer.ok, body: await answer.json() }
}
const row = (name, cells) => {
  const line = document.createElement('tr')
  const head = document.createElement('th')
  head.scope = 'row'
  head.textContent = name
  line.append(head)
  for (const cell of cells) line.insertCell().textContent = cell
  return line
}
const showStatus = (status) => {
  set('name', status.queue)
  set('waiting', number(status.depth.ready))
  set('inFlight', number(status.depth.inFlight))
  set('delayed', number(status.depth.delayed))
  set('dead', number(status.depth.dead), status.depth.dead > 0 ? 'bad' : '')
  set('oldest', span(status.oldestAgeMs))
  set('rateIn', number(status.inPerSecond, 1))
  set('rateOut', number(status.outPerSecond, 1))
  set('drain', span(status.drainEtaMs))
  set('consumers', number(status.consumers))
  $('rows').replaceChildren(...Object.entries(status.types).map(([name, type]) => row(name, [
    number(type.ready), number(type.inFlight), number(type.delayed), number(type.dead),
    number(type.inPerSecond, 1), number(type.outPerSecond, 1), span(type.oldestAgeMs), span(type.drainEtaMs),
  ])))
}
const showStats = (stats) => {
  for (const key of ['accepted', 'done', 'rejected', 'failed', 'refused']) set(key, number(stats[key]))
  set('monitoring', stats.monitoring ? words.on : words.off)
}
const dash = () => {
  for (const node of document.querySelectorAll('dd')) node.textContent = '–'
  $('rows').replaceChildren()
}
const update = async () => {
  try {
    const [status, stats, ready] = await Promise.all([get('/api/queue/status'), get('/api/stats'), get('/ready')])
    if (!status.ok || !stats.ok) throw new Error('refused')
    showStatus(status.body)
    showStats(stats.body)
    const reasons = ready.ok ? words.ready : words.notReady + ': ' + (ready.body.reasons || []).join(', ')
    set('health', reasons, ready.ok ? 'good' : 'bad')
    set('updated', new Date().toLocaleTimeString(locale))
  } catch {
    dash()
    set('health', words.unreachable, 'bad')
  }
  // A hidden page asks less often; the next answer is asked for only after this one came.
  setTimeout(update, document.hidden ? 10000 : 2000)
}
update()
`

function figure(id: string): string {
  return `<div><dt data-word="${id}"></dt><dd id="${id}">–</dd></div>`
}

const NOW = [
  'monitoring',
  'waiting',
  'inFlight',
  'delayed',
  'dead',
  'oldest',
  'rateIn',
  'rateOut',
  'drain',
  'consumers',
]
const TOTALS = ['accepted', 'done', 'rejected', 'failed', 'refused']
const COLUMNS = ['type', 'waiting', 'inFlight', 'delayed', 'dead', 'rateIn', 'rateOut', 'oldest', 'drain']

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weir</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header><h1>Weir <span id="name"></span></h1>
<p role="status"><span data-word="health"></span>: <strong id="health">–</strong></p></header>
<main>
<dl>${NOW.map(figure).join('')}</dl>
<h2 data-word="byType"></h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="caption">
<table><caption id="caption" data-word="caption"></caption>
<thead><tr>${COLUMNS.map((word) => `<th scope="col" data-word="${word}"></th>`).join('')}</tr></thead>
<tbody id="rows"></tbody></table>
</div>
<h2 data-word="totals"></h2>
<dl>${TOTALS.map(figure).join('')}</dl>
</main>
<footer><span data-word="updated"></span> <span id="updated">–</span> · <a href="/docs" data-word="api"></a></footer>
<script>${SCRIPT}</script>
</body>
</html>
`

/** The page, always the same text: its policy names the script and the style by their hashes. */
export function consolePage(): string {
  return PAGE
}
