/** The operators' page: the events, and the line of one of them as it is now. */
import { render } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { type AdminAnswer, type EventsAnswer, listEvents, oneEvent } from './admin-api.ts'
import { EventPanel } from './admin-event.tsx'
import type { Answer } from './api.ts'
import { type Sample, withSample } from './flow.ts'
import { number } from './format.ts'
import type { Session } from './keep.ts'
import { LoginForms } from './login.tsx'
import { PageHeader } from './parts.tsx'
import { Shell } from './shell.tsx'
import './style.css'
import { useUi } from './ui.ts'

const LOOK_MS = 2_000
/** Of a page that nobody looks at. */
const HIDDEN_LOOK_MS = 15_000

function AdminPage() {
  const { words, session } = useUi()
  const [refusal, setRefusal] = useState<{ token: string; status: number }>()
  useEffect(() => {
    document.title = words.adminTitle
  }, [words])
  const refused = session && refusal?.token === session.token ? refusal.status : undefined
  const onRefused = useCallback(
    (status: number) => session && setRefusal({ token: session.token, status }),
    [session],
  )
  return (
    <>
      <PageHeader title={words.adminTitle} />
      <main id="content">
        <h1 class="unseen">{words.adminTitle}</h1>
        {refused !== undefined && (
          <p role="alert" class="fault">
            {refused === 403 ? words.adminForbidden : words.sessionOver}
          </p>
        )}
        {session && refused === undefined ? (
          <Events key={session.token} session={session} onRefused={onRefused} />
        ) : (
          <LoginForms admin />
        )}
      </main>
    </>
  )
}

interface Known {
  readonly list: EventsAnswer['events']
  readonly chosen: string | undefined
  readonly detail: AdminAnswer | undefined
  readonly samples: readonly Sample[]
}

interface EventsProps {
  readonly session: Session
  readonly onRefused: (status: number) => void
}

function Events({ session, onRefused }: EventsProps) {
  const { words, language } = useUi()
  const { token } = session
  const [known, setKnown] = useState<Known>()
  const [isStale, setStale] = useState(false)
  const chosen = useRef<string>(undefined)

  const look = useCallback(async (): Promise<void> => {
    const list = await listEvents(token)
    if (!list.ok) return failed(list)
    chosen.current ??= list.body.events[0]?.event
    const event = chosen.current
    const detail = event === undefined ? undefined : await oneEvent(event, token)
    if (detail && !detail.ok && detail.status !== 404) return failed(detail)
    setStale(false)
    const body = detail?.ok ? detail.body : undefined
    // The event was chosen anew meanwhile: its own look is on the way.
    if (event !== chosen.current) return
    setKnown((was) => {
      const samples = was && was.chosen === event ? was.samples : []
      return {
        list: list.body.events,
        chosen: event,
        detail: body,
        samples: body ? withSample(samples, body.counts, Date.now()) : [],
      }
    })
  }, [token])
  const failed = (answer: Extract<Answer<unknown>, { ok: false }>): void => {
    if (answer.status === 401 || answer.status === 403) onRefused(answer.status)
    else setStale(true)
  }
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOn = true
    const again = async (): Promise<void> => {
      await look()
      if (isOn) timer = setTimeout(again, document.hidden ? HIDDEN_LOOK_MS : LOOK_MS)
    }
    void again()
    return () => {
      isOn = false
      clearTimeout(timer)
    }
  }, [look])

  if (!known) return <p>{isStale ? words.adminStale : words.askingTitle}</p>
  const { list, detail, samples } = known
  return (
    <>
      <p role="status" class="fault">
        {isStale ? words.adminStale : ''}
      </p>
      <section aria-labelledby="events">
        <h2 id="events">{words.adminEvents}</h2>
        {list.length === 0 ? (
          <p>{words.adminNone}</p>
        ) : (
          <ul class="events">
            {list.map(({ event, counts, door }) => (
              <li key={event}>
                <button
                  type="button"
                  aria-pressed={event === known.chosen}
                  onClick={() => {
                    chosen.current = event
                    void look()
                  }}
                >
                  <strong>{event}</strong>
                  <span>
                    {words.modes[door.mode]} · {words.adminWaiting} {number(counts.waiting, language)}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </section>
      {detail && (
        <EventPanel
          key={detail.eventId}
          detail={detail}
          samples={samples}
          token={token}
          onChanged={look}
          onFailed={failed}
        />
      )}
    </>
  )
}

const root = document.getElementById('root')
if (root) render(<Shell>{() => <AdminPage />}</Shell>, root)
