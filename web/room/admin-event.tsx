/** One event for its operator: what is going on, the door, and clearing the line after a look at whom it hits. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type AdminAnswer, type ClearAnswer, change, clear, turn } from './admin-api.ts'
import type { Answer } from './api.ts'
import { letInLately, type Sample } from './flow.ts'
import { number } from './format.ts'
import { Field, fieldsOf, Heading } from './parts.tsx'
import { useUi } from './ui.ts'

interface PanelProps {
  readonly detail: AdminAnswer
  readonly samples: readonly Sample[]
  readonly token: string
  readonly onChanged: () => void
  readonly onFailed: (answer: Extract<Answer<unknown>, { ok: false }>) => void
}

export function EventPanel({ detail, samples, token, onChanged, onFailed }: PanelProps) {
  const { words } = useUi()
  const { eventId } = detail
  const [note, setNote] = useState('')
  const [fault, setFault] = useState('')
  const [clears, setClears] = useState(false)

  const run = async (asked: Promise<Answer<AdminAnswer>>): Promise<void> => {
    setNote('')
    setFault('')
    const answer = await asked
    if (answer.ok) setNote(words.adminSaved)
    else if (answer.status === 401 || answer.status === 403) return onFailed(answer)
    else setFault(answer.status === 0 ? words.errOffline : words.errOther(answer.error))
    onChanged()
  }
  const save = (event: Event): void => {
    const { cap = '', ratePerMinute = '' } = fieldsOf(event)
    if (![cap, ratePerMinute].every((text) => /^\d{1,9}$/.test(text))) return setFault(words.adminBadNumber)
    void run(change(eventId, token, { cap: Number(cap), ratePerMinute: Number(ratePerMinute) }))
  }
  return (
    <section aria-labelledby="event" class="card">
      <h2 id="event">{words.adminEvent(eventId)}</h2>
      <Figures detail={detail} samples={samples} />
      {detail.slowedBy && <p class="warning">{words.adminSlowed(detail.slowedBy.messageType)}</p>}
      <p class="buttons">
        <button
          type="button"
          disabled={detail.mode === 'paused'}
          onClick={() => run(turn('pause', eventId, token))}
        >
          {words.adminPause}
        </button>
        <button
          type="button"
          disabled={detail.mode === 'open'}
          onClick={() => run(turn('resume', eventId, token))}
        >
          {words.adminResume}
        </button>
        <button
          type="button"
          disabled={detail.mode === 'draining'}
          onClick={() => run(turn('drain', eventId, token))}
        >
          {words.adminDrain}
        </button>
      </p>
      <p class="hint">{words.adminDrainHint}</p>
      <form onSubmit={save} class="row" noValidate>
        <Field label={words.adminThreshold} name="cap" type="number" min={0} value={`${detail.door.cap}`} />
        <Field
          label={words.adminRateLimit}
          name="ratePerMinute"
          type="number"
          min={0}
          value={`${detail.door.ratePerMinute}`}
        />
        <button type="submit" class="main">
          {words.adminSave}
        </button>
      </form>
      <p role="status" class="note">
        {note}
      </p>
      <p role="alert" class="fault">
        {fault}
      </p>
      <p class="buttons">
        <button type="button" class="danger" onClick={() => setClears(true)}>
          {words.adminClear}
        </button>
      </p>
      {clears && (
        <ClearDialog
          event={eventId}
          token={token}
          onFailed={onFailed}
          onClosed={(removed) => {
            setClears(false)
            if (removed !== undefined) setNote(removed)
            onChanged()
          }}
        />
      )}
    </section>
  )
}

function Figures({ detail, samples }: Pick<PanelProps, 'detail' | 'samples'>) {
  const { words, language } = useUi()
  const { counts, mode, limitedBy, threshold, currentUsers } = detail
  const say = (value: number): string => number(value, language)
  const lately = letInLately(samples)
  const figures: readonly (readonly [name: string, label: string, value: string])[] = [
    ['waiting', words.adminWaiting, say(counts.waiting)],
    ['active', words.adminInside, `${say(currentUsers)} / ${say(threshold)}`],
    ['ready', words.adminReady, say(counts.ready)],
    ['parked', words.adminParked, say(counts.parked)],
    ['registered', words.adminRegistered, say(counts.registered)],
    ['done', words.adminDone, say(counts.done)],
    ['rate', words.adminRate, lately ? words.adminRateIn(say(lately.count), `${lately.seconds}`) : '–'],
    ['limitedBy', words.adminLimited, words.limits[limitedBy]],
    ['mode', words.adminMode, words.modes[mode]],
  ]
  return (
    <dl class="figures">
      {figures.map(([name, label, value]) => (
        <div key={name}>
          <dt>{label}</dt>
          <dd data-figure={name}>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

interface ClearProps {
  readonly event: string
  readonly token: string
  readonly onFailed: (answer: Extract<Answer<unknown>, { ok: false }>) => void
  /** With what there is to say when somebody was removed. */
  readonly onClosed: (removed?: string) => void
}

/** Shows whom it hits before it does it; the number on the button is the one that was counted. */
function ClearDialog({ event, token, onFailed, onClosed }: ClearProps) {
  const { words, language } = useUi()
  const own = useRef<HTMLDialogElement>(null)
  const [active, setActive] = useState(false)
  const [hits, setHits] = useState<ClearAnswer>()
  const [fault, setFault] = useState('')
  const say = (value: number): string => number(value, language)
  useEffect(() => {
    if (own.current && !own.current.open) own.current.showModal()
  }, [])
  const failed = (answer: Extract<Answer<unknown>, { ok: false }>): void => {
    if (answer.status === 401 || answer.status === 403) return onFailed(answer)
    setFault(answer.status === 0 ? words.errOffline : words.errOther(answer.error))
  }
  useEffect(() => {
    let isWanted = true
    setHits(undefined)
    void clear(event, token, { active, dryRun: true }).then((answer) => {
      if (!isWanted) return
      if (answer.ok) setHits(answer.body)
      else failed(answer)
    })
    return () => {
      isWanted = false
    }
  }, [event, token, active])
  const run = async (): Promise<void> => {
    const answer = await clear(event, token, { active, dryRun: false })
    if (answer.ok) onClosed(words.adminCleared(say(answer.body.removed)))
    else failed(answer)
  }
  return (
    <dialog ref={own} aria-labelledby="clear" onClose={() => onClosed()}>
      <Heading level={2} id="clear">
        {words.adminClearTitle}
      </Heading>
      <p role="status" data-figure="hits">
        {hits
          ? `${words.adminClearHits(say(hits.removed))} ${words.adminClearParts(
              say(hits.waiting),
              say(hits.registered),
              say(hits.parked),
              say(hits.active),
            )}`
          : words.adminClearCounting}
      </p>
      <p>
        <label class="check">
          <input type="checkbox" checked={active} onChange={() => setActive(!active)} />{' '}
          {words.adminClearActive}
        </label>
      </p>
      <p role="alert" class="fault">
        {fault}
      </p>
      <p class="buttons">
        <button type="button" class="main" onClick={() => onClosed()}>
          {words.adminClearNo}
        </button>
        <button type="button" class="danger" disabled={!hits} onClick={run}>
          {words.adminClearYes(hits ? say(hits.removed) : '…')}
        </button>
      </p>
    </dialog>
  )
}
