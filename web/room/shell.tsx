/** What surrounds every page: the language, the login, and the address; and what a fault of ours looks like. */
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { keepLanguage, keepSession, keptLanguage, keptSession, onSession } from './keep.ts'
import { type Ui, UiContext } from './ui.ts'
import { languageOf, WORDS } from './words.ts'

export interface Place {
  readonly path: string
  readonly search: string
  readonly joins: boolean
}

const here = (joins: boolean): Place => ({ path: location.pathname, search: location.search, joins })

export function Shell({ children }: { readonly children: (ui: Ui, place: Place) => ComponentChildren }) {
  const [language, setLanguage] = useState(() => keptLanguage() ?? languageOf(navigator.languages))
  const [session, setSession] = useState(keptSession)
  const [place, setPlace] = useState(() => here(false))
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  useEffect(() => {
    const moved = (): void => setPlace(here(false))
    addEventListener('popstate', moved)
    const off = onSession(() => setSession(keptSession()))
    return () => {
      removeEventListener('popstate', moved)
      off()
    }
  }, [])
  const ui = useMemo<Ui>(
    () => ({
      words: WORDS[language],
      language,
      setLanguage(chosen) {
        keepLanguage(chosen)
        setLanguage(chosen)
      },
      session,
      setSession(next) {
        keepSession(next)
        setSession(next)
      },
      go(path, joins = false) {
        history.pushState(null, '', path)
        setPlace(here(joins))
      },
    }),
    [language, session],
  )
  return (
    <UiContext.Provider value={ui}>
      <a class="skip" href="#content">
        {ui.words.skip}
      </a>
      {children(ui, place)}
    </UiContext.Provider>
  )
}
