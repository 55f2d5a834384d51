/** The start page: which event, and who. */
import { useState } from 'preact/hooks'
import { LoginForms } from './login.tsx'
import { Field, fieldsOf, PageHeader } from './parts.tsx'
import { useUi } from './ui.ts'

const EVENT_ID = /^[A-Za-z0-9_-]{1,64}$/

export const isEventId = (id: string): boolean => EVENT_ID.test(id)

export function StartPage() {
  const { words, session, go } = useUi()
  const [fault, setFault] = useState<string>()
  const enter = (event: Event): void => {
    const id = (fieldsOf(event).event ?? '').trim()
    if (isEventId(id)) go(`/events/${id}`, true)
    else setFault(words.eventBad)
  }
  return (
    <>
      <PageHeader title={words.appName} />
      <main id="content" class="narrow">
        <h1>{words.startTitle}</h1>
        <p>{words.startText}</p>
        {session ? (
          <form onSubmit={enter} noValidate>
            <Field label={words.eventId} name="event" value="1" hint={words.eventHint} fault={fault} />
            <button type="submit" class="main">
              {words.enter}
            </button>
          </form>
        ) : (
          <LoginForms />
        )}
      </main>
    </>
  )
}

/** An event's address, for somebody who is not logged in. */
export function LoginPage({ event, wasOver }: { readonly event: string; readonly wasOver: boolean }) {
  const { words } = useUi()
  return (
    <>
      <PageHeader title={words.appName} />
      <main id="content" class="narrow">
        <h1>{words.eventTitle(event)}</h1>
        <p role={wasOver ? 'alert' : undefined}>{wasOver ? words.sessionOver : words.loginFirst(event)}</p>
        <LoginForms />
      </main>
    </>
  )
}
