/** The event's page, and the line before it while it is the visitor's turn to wait. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { number } from './format.ts'
import { InsidePart } from './inside.tsx'
import type { Session } from './keep.ts'
import { PageHeader } from './parts.tsx'
import { type Spoken, speak } from './speech.ts'
import { isBarred, type PageState } from './state.ts'
import { useUi } from './ui.ts'
import { Visit } from './visit.ts'
import { WaitingDialog } from './waiting.tsx'
import type { Language, Words } from './words.ts'

interface EventPageProps {
  readonly event: string
  readonly session: Session
  readonly joins: boolean
  readonly onUnauthorised: () => void
}

export function EventPage({ event, session, joins, onUnauthorised }: EventPageProps) {
  const { words, language } = useUi()
  const [, draw] = useState({})
  const unauthorised = useRef(onUnauthorised)
  unauthorised.current = onUnauthorised
  const visit = useMemo(
    () =>
      new Visit(event, session, joins, {
        changed: () => draw({}),
        unauthorised: () => unauthorised.current(),
      }),
    [event, session, joins],
  )
  useEffect(() => {
    visit.start()
    return () => visit.stop()
  }, [visit])
  const { state } = visit
  const { phase } = state
  const spoken = useRef<Spoken>(undefined)
  spoken.current = speak(spoken.current, state, words, language, Date.now())
  useEffect(() => {
    document.title = titleOf(state, words, language)
  }, [state, words, language])
  const isInside = phase.kind === 'inside'
  return (
    <>
      <PageHeader title={words.appName} />
      <main id="content">
        <h1>{words.eventTitle(event)}</h1>
        <p role="alert" class="unseen">
          {isInside ? words.sayInside : ''}
        </p>
        {isInside ? <InsidePart visit={visit} phase={phase} /> : <p>{words.eventText}</p>}
      </main>
      {isBarred(phase) && <WaitingDialog visit={visit} said={spoken.current.text} />}
    </>
  )
}

/** So that the turn is seen in a row of tabs. */
function titleOf({ phase, event }: PageState, words: Words, language: Language): string {
  if (phase.kind === 'called' || phase.kind === 'inside')
    return `${words.titleTurn} · ${words.eventTitle(event)}`
  if (phase.kind !== 'waiting') return words.eventTitle(event)
  return words.titlePlace(number(phase.place, language), words.eventTitle(event))
}
