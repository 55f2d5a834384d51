/** Attributes in both vocabularies, all optional; what is there must make sense. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequest } from '../../src/bss/attributes.ts'
import type { JsonObject } from '../../src/core/index.ts'

function parsed(attributes?: JsonObject) {
  const result = parseRequest(attributes, 'id-1')
  assert.equal(result.kind, 'request', JSON.stringify(result))
  return result.kind === 'request' ? result.request : undefined
}

test('the same line is meant by every spelling of its number', () => {
  const spellings: JsonObject[] = [
    { phoneNumber: '010-1234-5678' },
    { phone_number: '01012345678' },
    { 전화번호: '010 1234 5678' },
    { '휴대폰 번호': '+82 10-1234-5678' },
    { Phone: 1012345678 },
    { phoneNumber: '+82-010-1234-5678', 전화번호: '010.1234.5678' },
  ]
  for (const attributes of spellings) {
    assert.equal(parsed(attributes)?.line, '01012345678', JSON.stringify(attributes))
  }
})

test('a message that names no line still has one of its own', () => {
  assert.deepEqual(parsed(), { line: 'message:id-1' })
  assert.deepEqual(parsed({ note: { nested: true }, phoneNumber: null }), { line: 'message:id-1' })
  assert.deepEqual(parsed({ 고객번호: 77 }), { customer: '77', line: 'customer:77' })
  assert.equal(parsed({ customerId: 'C', 회선번호: 'L-9' })?.line, 'L-9')
})

test('an attribute that is there and malformed is named in the fault', () => {
  const faults: [JsonObject, RegExp][] = [
    [{ phoneNumber: 'call me' }, /^phoneNumber must be a telephone number/],
    [{ 전화번호: '12' }, /^전화번호 must be a telephone number/],
    [{ phoneNumber: '1234567890123456' }, /^phoneNumber must be a telephone number/],
    [{ customerId: '  ' }, /^customerId must not be blank/],
    [{ 새명의자: ['Kim'] }, /^새명의자 must be text/],
    [{ owner: 'x'.repeat(101) }, /^owner must have at most 100/],
    [{ customerId: 1.5 }, /^customerId must be text/],
    [{ phone: '0101111', 전화번호: '0102222' }, /^phone and 전화번호 say different things/],
  ]
  for (const [attributes, expected] of faults) {
    const result = parseRequest(attributes, 'id-1')
    assert.equal(result.kind, 'malformed', JSON.stringify(attributes))
    if (result.kind === 'malformed') assert.match(result.problem, expected)
  }
})
