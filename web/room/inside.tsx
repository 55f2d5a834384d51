/** Inside the event: how long the place is kept, a warning before it ends, more time, and giving it back. */
import { clockTime, countdown } from './format.ts'
import { Heading } from './parts.tsx'
import { type Phase, serverNow } from './state.ts'
import { useUi } from './ui.ts'
import type { Visit } from './visit.ts'

type Inside = Extract<Phase, { kind: 'inside' }>

/** WCAG 2.2.1 asks for 20 s at least to say that one needs more time. */
const WARN_MS = 120_000
const LEAST_WARN_MS = 20_000

export function warnsFrom({ since, until }: Pick<Inside, 'since' | 'until'>): number {
  return until - Math.max(LEAST_WARN_MS, Math.min(WARN_MS, (until - since) / 3))
}

export function InsidePart({ visit, phase }: { readonly visit: Visit; readonly phase: Inside }) {
  const { words, language } = useUi()
  const now = serverNow(visit.state, Date.now())
  const seconds = (phase.until - now) / 1000
  const isNearEnd = now >= warnsFrom(phase)
  // The lease may slide up to its hard end and no further.
  const isLast = phase.until >= phase.hardEnd
  return (
    <section class="inside card">
      <Heading level={2}>{words.calledTitle}</Heading>
      <p>{words.eventInside}</p>
      <dl class="figures">
        <div>
          <dt>{words.passUntil}</dt>
          <dd>
            <time dateTime={new Date(phase.until).toISOString()}>{clockTime(phase.until, language)}</time>{' '}
            <small>{words.passLeft(countdown(seconds))}</small>
          </dd>
        </div>
      </dl>
      {/* Said once when it appears: a time that runs must not be read at every step. */}
      <div role="alert" class={isNearEnd ? 'warning' : ''}>
        {isNearEnd && (isLast ? words.endsForGood : words.endsSoon)}
      </div>
      <p class="buttons">
        <button
          type="button"
          class={isNearEnd ? 'main' : ''}
          disabled={isLast}
          onClick={() => visit.extend()}
        >
          {words.extend}
        </button>
        <button type="button" onClick={() => visit.done()}>
          {words.done}
        </button>
      </p>
      <Fault visit={visit} />
    </section>
  )
}

/** What the visitor asked for and could not be done. */
export function Fault({ visit }: { readonly visit: Visit }) {
  const { words } = useUi()
  const { fault, state } = visit
  const text = fault === '' || state.phase.kind === 'refused' ? '' : refusalText(fault, state.event, words)
  return (
    <p role="alert" class="fault">
      {text}
    </p>
  )
}

export function refusalText(code: string, event: string, words: ReturnType<typeof useUi>['words']): string {
  const known: Readonly<Record<string, string>> = {
    unknown_event: words.refusedUnknown(event),
    draining: words.refusedDraining,
    closed: words.refusedClosed,
    full: words.refusedFull,
    too_many_tickets: words.refusedMany,
    offline: words.refusedOffline,
  }
  return known[code] ?? words.refusedOther
}
