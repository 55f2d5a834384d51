/** The visitors' pages: the start, and an event with the line before it. */
import { render } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { EventPage } from './event.tsx'
import { type Place, Shell } from './shell.tsx'
import { isEventId, LoginPage, StartPage } from './start.tsx'
import './style.css'
import type { Ui } from './ui.ts'

/** `/events/:eventId`, or `?eventId=`, which older links have. */
function eventIn({ path, search }: Place): string | undefined {
  const id = /^\/events\/([^/]+)\/?$/.exec(path)?.[1] ?? new URLSearchParams(search).get('eventId') ?? ''
  return isEventId(id) ? id : undefined
}

function VisitorPages({ ui, place }: { readonly ui: Ui; readonly place: Place }) {
  const event = eventIn(place)
  const { session, words } = ui
  // A login that ran out is told, one that was never there is asked for.
  const wasOver = useRef(false)
  useEffect(() => {
    if (event === undefined || !session) document.title = words.appName
  }, [event, session, words])
  if (session) wasOver.current = false
  if (event === undefined) return <StartPage />
  if (!session) return <LoginPage event={event} wasOver={wasOver.current} />
  return (
    <EventPage
      key={`${event} ${session.token}`}
      event={event}
      session={session}
      joins={place.joins}
      onUnauthorised={() => {
        wasOver.current = true
        ui.setSession(undefined)
      }}
    />
  )
}

const root = document.getElementById('root')
if (root) render(<Shell>{(ui, place) => <VisitorPages ui={ui} place={place} />}</Shell>, root)
