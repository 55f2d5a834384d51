/** A recorded history reads back as it was written, and a file that is none is refused by line. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { audit, HISTORY_VERSION, HistoryError, historyLine, readHistory } from '../../src/lab/index.ts'
import { newDataDir } from '../fixtures/embedded.ts'

const dir = newDataDir()
after(() => rmSync(dir, { recursive: true }))

const HEADER = historyLine({ kind: 'history', version: HISTORY_VERSION, effects: false })
const GOOD =
  historyLine({ kind: 'attempted', ref: 'a', orderingKey: 'k' }) +
  historyLine({ kind: 'acknowledged', ref: 'a', id: '1' }) +
  historyLine({ kind: 'ended', id: '1', state: 'done' })

async function judged(text: string) {
  const path = join(dir, 'history.jsonl')
  writeFileSync(path, text)
  return audit(await readHistory(path))
}

test('what was written is what is judged, whatever the line ends and the blank lines', async () => {
  assert.equal((await judged(HEADER + GOOD)).passed, true)
  assert.equal((await judged(`${HEADER}\n${GOOD}`.replaceAll('\n', '\r\n'))).ok, 1)
})

test('a last line cut off by the death of the recorder ends the history', async () => {
  const verdict = await judged(`${HEADER}${GOOD}{"kind":"attempted","re`)
  assert.equal(verdict.attempted, 1)
  assert.equal(verdict.passed, true)
})

const faulty: [name: string, text: string, line: number, says: RegExp][] = [
  ['an empty file', '', 1, /empty/],
  ['no header', GOOD, 1, /header/],
  ['a later version', '{"kind":"history","version":99,"effects":true}\n', 1, /version 99/],
  ['a header that does not say whether effects were seen', '{"kind":"history","version":1}\n', 1, /effects/],
  ['a broken line in the middle', `${HEADER}{"kind":\n${GOOD}`, 2, /JSON/],
  ['an unknown kind', `${HEADER}{"kind":"vanished","ref":"a"}\n`, 2, /vanished/],
  ['a kind that every object has', `${HEADER}{"kind":"toString"}\n`, 2, /toString/],
  ['a missing field', `${HEADER}${GOOD}{"kind":"acknowledged","ref":"a"}\n`, 5, /needs id/],
  ['a field of another type', `${HEADER}{"kind":"effect","id":"1","ref":7}\n`, 2, /ref must be text/],
  ['a moment that is none', `${HEADER}{"kind":"effect","id":"1","at":"noon"}\n`, 2, /at must be a number/],
  ['an end that is none', `${HEADER}{"kind":"ended","id":"1","state":"ready"}\n`, 2, /final state/],
]
for (const [name, text, line, says] of faulty) {
  test(`refused, naming the line: ${name}`, async () => {
    await assert.rejects(judged(text), (error) => {
      assert.ok(error instanceof HistoryError)
      assert.equal(error.line, line)
      assert.match(error.message, says)
      return true
    })
  })
}
