/** Answers are read the same however the network cuts them, and what is no answer is not taken for one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AnswerReader, BadAnswer, type HttpAnswer } from '../../../src/lab/load/http-answer.ts'
import { chances, fc } from '../../fixtures/seed.ts'

function readWhole(text: string, cuts: readonly number[] = []): HttpAnswer | undefined {
  const bytes = Buffer.from(text)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  const reader = new AnswerReader()
  let answer: HttpAnswer | undefined
  for (const [index, from] of places.slice(0, -1).entries()) {
    const piece = bytes.subarray(from, places[index + 1])
    if (piece.length === 0) continue
    assert.equal(answer, undefined, 'the answer was there before its end')
    answer = reader.read(piece)
  }
  return answer ?? reader.end()
}

const OK = 'HTTP/1.1 200 OK\r\n'
const body = '{"text":"가입 ünd more"}'
const length = Buffer.byteLength(body)
const hex = (text: string) => Buffer.byteLength(text).toString(16)
const chunked = (...parts: string[]) =>
  `${OK}Transfer-Encoding: chunked\r\n\r\n${parts.map((part) => `${hex(part)};x=1\r\n${part}\r\n`).join('')}0\r\n`

const answers: [name: string, text: string, wanted: HttpAnswer][] = [
  ['with a length', `${OK}Content-Length: ${length}\r\n\r\n${body}`, { status: 200, body, reusable: true }],
  [
    'names in any case',
    `${OK}CONTENT-length:${length}\r\nx: y\r\n\r\n${body}`,
    { status: 200, body, reusable: true },
  ],
  ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '', reusable: true }],
  ['an empty body', `${OK}Content-Length: 0\r\n\r\n`, { status: 200, body: '', reusable: true }],
  [
    'no reason phrase',
    'HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n',
    { status: 503, body: '', reusable: true },
  ],
  ['in chunks', `${chunked('{"text":"가', '입 ünd more"}')}\r\n`, { status: 200, body, reusable: true }],
  ['in chunks, with trailers', `${chunked(body)}A: b\r\n\r\n`, { status: 200, body, reusable: true }],
  ['no chunk at all', `${chunked()}\r\n`, { status: 200, body: '', reusable: true }],
  [
    'that closes',
    `${OK}Connection: Close\r\nContent-Length: 0\r\n\r\n`,
    { status: 200, body: '', reusable: false },
  ],
  [
    'of HTTP/1.0',
    'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    { status: 200, body: 'hi', reusable: false },
  ],
  ['until the end', `${OK}\r\n${body}`, { status: 200, body, reusable: false }],
  [
    'after interim ones',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`,
    { status: 200, body: 'hi', reusable: true },
  ],
]

describe('an answer is whole at its last byte, wherever it was cut', () => {
  for (const [name, text, wanted] of answers) {
    test(name, () => {
      fc.assert(
        fc.property(fc.array(fc.nat(), { maxLength: 8 }), (cuts) => {
          assert.deepEqual(readWhole(text, cuts), wanted)
        }),
        chances(60),
      )
    })
  }
})

test('one after the other on one connection', () => {
  const reader = new AnswerReader()
  for (const status of [202, 429, 202]) {
    const answer = reader.read(Buffer.from(`HTTP/1.1 ${status} X\r\nContent-Length: 1\r\n\r\n!`))
    assert.deepEqual(answer, { status, body: '!', reusable: true })
  }
})

test('bytes beyond the answer: it counts, the connection does not any more', () => {
  assert.equal(readWhole(`${OK}Content-Length: 1\r\n\r\n!${OK}`)?.reusable, false)
})

test('a broken-off answer is none', () => {
  assert.equal(readWhole(`${OK}Content-Length: 5\r\n\r\nhi`), undefined)
  assert.equal(readWhole(chunked('hi').slice(0, -3)), undefined)
  assert.equal(readWhole('HTTP/1.1 20'), undefined)
})

describe('what is no answer', () => {
  for (const [name, text] of [
    ['another protocol', 'SSH-2.0-OpenSSH_9\r\n\r\n'],
    ['a length that is none', `${OK}Content-Length: -1\r\n\r\n`],
    ['a chunk without a length', `${OK}Transfer-Encoding: chunked\r\n\r\nhello\r\n`],
    ['a length beyond reason', `${OK}Content-Length: 999999999\r\n\r\n`],
    ['a head without end', 'HTTP/1.1 200 OK\r\n'.padEnd(70_000, 'x')],
  ] as const) {
    test(name, () => assert.throws(() => readWhole(text), BadAnswer))
  }
})
