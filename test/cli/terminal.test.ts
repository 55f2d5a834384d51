/** Tables that a person reads: numbers stand under each other, whatever their unit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../src/cli/terminal.ts'

test('columns of numbers with units are right-aligned, columns of words are not', () => {
  const rows = [
    ['MNP', '2.0 min', 'closed'],
    ['CHANGE', '400 ms', 'open'],
    ['X', '-', 'half_open'],
  ]
  assert.deepEqual(table(['type', 'empty in', 'breaker'], rows).split('\n'), [
    'type    empty in  breaker',
    'MNP      2.0 min  closed',
    'CHANGE    400 ms  open',
    'X              -  half_open',
  ])
})
