/** The catalogue of the room's refusals, its page and its code say the same, in every direction. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ERRORS } from '../../src/core/index.ts'
import { ROOM_ERRORS } from '../../src/waiting-room/index.ts'

const page = readFileSync('docs/reference/errors.md', 'utf8')
const [general = '', room = ''] = page.split('## The waiting room')
const rows = (text: string): Map<string, string> =>
  new Map(
    Array.from(text.matchAll(/<a id="(\w+)"><\/a>`\1` \| (.*?) \|/g), ([, code = '', status = '']) => [
      code,
      status,
    ]),
  )

test('every code has its row on the page with its status, and every row is a code', () => {
  for (const [text, catalogue] of [
    [general, ERRORS],
    [room, ROOM_ERRORS],
  ] as const) {
    const expected = Object.entries(catalogue).map(([code, { status }]) => [code, String(status ?? '–')])
    assert.deepEqual([...rows(text)].toSorted(), expected.toSorted())
  }
})

test('no code is in both catalogues', () => {
  assert.deepEqual(
    Object.keys(ROOM_ERRORS).filter((code) => Object.hasOwn(ERRORS, code)),
    [],
  )
})

test('every code of the room is told somewhere, and what is told is in a catalogue', () => {
  const files = globSync('src/waiting-room/**/*.ts').filter((file) => !file.endsWith('/errors.ts'))
  assert.ok(files.length > 20, 'the sources were not found')
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  const told = new Set(
    Array.from(text.matchAll(/'([a-z]+(?:_[a-z]+)*)'|\b(draining|closed|full): '/g), ([, a, b]) => a ?? b),
  )
  assert.deepEqual(
    Object.keys(ROOM_ERRORS).filter((code) => !told.has(code)),
    [],
    'codes that nobody tells',
  )
  const thrown = Array.from(
    text.matchAll(/(?:new Refusal|refusal|refused)\(\s*'(\w+)'/g),
    ([, code = '']) => code,
  )
  const passes = readFileSync('src/waiting-room/pass/verify.ts', 'utf8')
  const unknown = thrown.filter(
    (code) => !(code in ROOM_ERRORS || code in ERRORS || passes.includes(`refused('${code}'`)),
  )
  assert.ok(thrown.length > 20, 'the refusals were not found')
  assert.deepEqual(unknown, [])
})
