/** What a process hears of the line from others, in whatever order answers and looks come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reply } from '../../../src/engines/redis/connection.ts'
import { OtherNews } from '../../../src/engines/redis/line/news.ts'
import type { LineNews } from '../../../src/waiting-room/index.ts'

function listening() {
  const told: LineNews[] = []
  const news = new OtherNews((one) => told.push(one))
  news.heard([10])
  return { told, news }
}

const call = (seq: number, by: string): Reply => [
  `${seq}-0`,
  ['event', 'e', 'by', by, 'kind', 'called', 'json', '[["v1","7","100","50"]]'],
]
const look = (seq: number, calls: readonly Reply[], moves: readonly Reply[] = []): Reply => [
  seq,
  moves,
  [],
  calls,
]
const CALLED: LineNews = {
  kind: 'called',
  event: 'e',
  called: [{ visitor: 'v1', ticket: 7, claimBy: 100, enteredAt: 50 }],
}

test('another’s call is told, one’s own that was answered is not told again', () => {
  const { told, news } = listening()
  news.begins('me:1')
  news.answered('me:1', true)
  news.heard(look(12, [call(11, 'me:1'), call(12, 'other:1')]))
  assert.deepEqual(told, [CALLED])
  assert.deepEqual(news.args, ['12', '12'], 'the next look begins behind them')
})

test('an own call whose answer is lost is told once, whether the look comes before or after that is known', () => {
  for (const lookFirst of [true, false]) {
    const { told, news } = listening()
    news.begins('me:1')
    if (lookFirst) news.heard(look(11, [call(11, 'me:1')]))
    assert.deepEqual(told, [], 'its answer may still come')
    news.failed('me:1')
    if (!lookFirst) news.heard(look(11, [call(11, 'me:1')]))
    assert.deepEqual(told, [CALLED])
  }
})

test('an answer that comes after the look is not told twice', () => {
  const { told, news } = listening()
  news.begins('me:1')
  news.heard(look(11, [call(11, 'me:1')]))
  news.answered('me:1', true)
  news.failed('me:1')
  assert.deepEqual(told, [])
})

test('what is one’s own last change is not told as another’s, a later one is', () => {
  const { told, news } = listening()
  news.moved('e', 11)
  news.heard(look(11, [], ['e', '11']))
  assert.deepEqual(told, [])
  news.moved('e', 12)
  news.heard(look(13, [], ['e', '13']))
  assert.deepEqual(told, [{ kind: 'moved', event: 'e', freed: false }])
})

test('a Redis that lost its data is heard from anew', () => {
  const { told, news } = listening()
  news.heard([3])
  assert.deepEqual(news.args, ['3', '3'])
  news.heard(look(4, [call(4, 'other:1')]))
  assert.deepEqual(told, [CALLED])
})
