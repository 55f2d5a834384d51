/** What the page says that the service answers is what the service answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  ClearedMessage as ServedCleared,
  LineCounts as ServedCounts,
  Draw as ServedDraw,
  EntryMessage as ServedEntry,
  FrameMessage as ServedFrame,
  RestoredMessage as ServedRestored,
  VisitAnswer as ServedVisit,
} from '../../src/waiting-room/index.ts'
import type {
  ClearedMessage,
  Draw,
  EntryMessage,
  FrameMessage,
  LineCounts,
  VisitAnswer,
} from '../../web/room/wire.ts'
import { LANGUAGES, languageOf, WORDS } from '../../web/room/words.ts'

/** Compiles only while the service's type holds everything of the page's. */
type Holds<Served extends Page, Page> = Served
export type Agreed = [
  Holds<ServedVisit, VisitAnswer>,
  Holds<ServedRestored, VisitAnswer>,
  Holds<ServedFrame, FrameMessage>,
  Holds<ServedEntry, EntryMessage>,
  Holds<ServedCleared, ClearedMessage>,
  Holds<ServedCounts, LineCounts>,
  Holds<ServedDraw, Draw>,
]

test('both languages have every sentence, none of them empty or the same by oversight', () => {
  const flat = (words: object): string[] =>
    Object.values(words).flatMap((word) => {
      if (typeof word === 'function') return [word('A', 'B', 'C', 'D')]
      return typeof word === 'object' ? flat(word) : [word]
    })
  const [english, korean] = LANGUAGES.map((language) => flat(WORDS[language]))
  assert.ok(english && korean && english.length === korean.length && english.length > 100)
  for (const [i, sentence] of korean.entries()) {
    assert.match(sentence, /[가-힣]|^A[~B ]/, english[i])
    assert.ok((english[i] ?? '').trim().length > 0)
    assert.doesNotMatch(english[i] ?? '', /[가-힣]|undefined/)
  }
})

test('the language is the first of the browser that there are words in', () => {
  assert.equal(languageOf(['fr-CH', 'ko-KR', 'en']), 'ko')
  assert.equal(languageOf(['en-GB', 'ko']), 'en')
  assert.equal(languageOf(['ja']), 'en')
  assert.equal(languageOf([]), 'en')
})
