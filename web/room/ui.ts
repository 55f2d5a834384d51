/** What every part of the pages may use: the words, who is logged in, and the ways to change that. */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Session } from './keep.ts'
import type { Language, Words } from './words.ts'

export interface Ui {
  readonly words: Words
  readonly language: Language
  setLanguage(language: Language): void
  readonly session: Session | undefined
  /** undefined logs out. */
  setSession(session: Session | undefined): void
  /** Within the pages, without loading anew. `joins`: the visitor wants in, also if a visit is over. */
  go(path: string, joins?: boolean): void
}

export const UiContext = createContext<Ui | undefined>(undefined)

export function useUi(): Ui {
  const ui = useContext(UiContext)
  if (!ui) throw new Error('a part of the page was drawn outside of it')
  return ui
}
