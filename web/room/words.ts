/** Everything the pages say, in both languages. The types hold that neither lacks a sentence of the other. */
import { en, type Words } from './words-en.ts'
import { ko } from './words-ko.ts'

export const LANGUAGES = ['en', 'ko'] as const
export type Language = (typeof LANGUAGES)[number]
export type { Words }

export const WORDS: Readonly<Record<Language, Words>> = { en, ko }

/** The first of a browser's languages that there are words in; English otherwise. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const found = LANGUAGES.find((one) => tag.toLowerCase().split('-')[0] === one)
    if (found) return found
  }
  return 'en'
}
