/**
 * The line, as a dialog over the event's page: where the visitor stands, how long, and why. It closes only by the turn
 * coming; Escape asks whether to leave. One polite region tells a screen reader what changed, in steps.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { countdown, etaText, momentText, number, spell } from './format.ts'
import { Fault, refusalText } from './inside.tsx'
import { LotPart, PromisePart } from './lot-part.tsx'
import { Heading, LanguageSwitch } from './parts.tsx'
import { etaNow, type Link, type Phase, progress, serverNow } from './state.ts'
import { useUi } from './ui.ts'
import type { Visit } from './visit.ts'
import type { Words } from './words.ts'

interface Props<Kind extends Phase['kind']> {
  readonly visit: Visit
  readonly phase: Extract<Phase, { kind: Kind }>
}

const canLeave = (phase: Phase): boolean =>
  phase.kind === 'waiting' || phase.kind === 'registered' || phase.kind === 'called'

export function WaitingDialog({ visit, said }: { readonly visit: Visit; readonly said: string }) {
  const { words } = useUi()
  const own = useRef<HTMLDialogElement>(null)
  const [asksToLeave, setAsksToLeave] = useState(false)
  const { phase, link } = visit.state
  const open = (): void => {
    if (own.current?.isConnected && !own.current.open) own.current.showModal()
  }
  // Before the headings' own effect, which takes the focus once the dialog is open.
  useLayoutEffect(open, [])
  const mayLeave = canLeave(phase)
  useEffect(() => {
    if (!mayLeave) setAsksToLeave(false)
  }, [mayLeave])
  const onEscape = (event: Event): void => {
    event.preventDefault()
    if (mayLeave) setAsksToLeave(!asksToLeave)
  }
  return (
    // A browser may close a dialog at the second Escape whatever the page says; it opens again.
    <dialog ref={own} class="waiting" aria-labelledby="line" onCancel={onEscape} onClose={open}>
      {asksToLeave && mayLeave ? (
        <LeaveQuestion visit={visit} onStay={() => setAsksToLeave(false)} />
      ) : (
        <>
          <PhasePart visit={visit} phase={phase} key={phase.kind} />
          <Fault visit={visit} />
          {mayLeave && (
            <p class="buttons">
              <button type="button" onClick={() => setAsksToLeave(true)}>
                {words.leave}
              </button>
            </p>
          )}
        </>
      )}
      <p role="status" class="unseen">
        {said}
      </p>
      <p role="alert" class="unseen">
        {phase.kind === 'called' ? words.calledTitle : ''}
      </p>
      <footer>
        <LinkPart link={link} visit={visit} />
        <LanguageSwitch />
      </footer>
    </dialog>
  )
}

function PhasePart({ visit, phase }: { readonly visit: Visit; readonly phase: Phase }) {
  const { words, go } = useUi()
  switch (phase.kind) {
    case 'waiting':
      return <WaitingPart visit={visit} phase={phase} />
    case 'registered':
      return <RegisteredPart visit={visit} phase={phase} />
    case 'called':
      return (
        <>
          <Heading level={2} id="line">
            {words.calledTitle}
          </Heading>
          <p>{visit.fault === '' ? words.calledText : words.calledRetry}</p>
          <p class="buttons">
            <button type="button" class="main" onClick={() => visit.claim()}>
              {words.claimNow}
            </button>
          </p>
        </>
      )
    case 'left':
      return <LeftPart visit={visit} phase={phase} />
    case 'over':
      return (
        <>
          <Heading level={2} id="line">
            {words.overTitle}
          </Heading>
          <p>{overText(phase.why, words)}</p>
          <p class="buttons">
            <button type="button" class="main" onClick={() => visit.join()}>
              {words.join}
            </button>
            <button type="button" onClick={() => go('/')}>
              {words.back}
            </button>
          </p>
        </>
      )
    case 'refused':
      return <RefusedPart visit={visit} phase={phase} />
    default:
      return (
        <>
          <Heading level={2} id="line">
            {words.askingTitle}
          </Heading>
          <p>{words.askingText}</p>
        </>
      )
  }
}

function WaitingPart({ visit, phase }: Props<'waiting'>) {
  const { words, language } = useUi()
  const { line } = visit.state
  const eta = etaNow(phase, line)
  const done = progress(phase)
  const place = number(phase.place, language)
  return (
    <>
      <Heading level={2} id="line">
        {words.waitTitle}
      </Heading>
      <dl class="figures">
        <div class="large">
          <dt>{words.placeLabel}</dt>
          <dd data-figure="place">{place}</dd>
        </div>
        <div>
          <dt>{words.aheadLabel}</dt>
          <dd data-figure="ahead">{number(phase.place - 1, language)}</dd>
        </div>
        <div>
          <dt>{words.waitLabel}</dt>
          <dd data-figure="eta">{etaText(eta, words, language)}</dd>
        </div>
      </dl>
      <div
        class="progress"
        role="progressbar"
        aria-label={words.progressLabel}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={done}
        aria-valuetext={words.progressText(`${done}`, place)}
      >
        <div style={{ width: `${done}%` }} />
      </div>
      <ul class="reasons">
        {whys(visit, phase, words, (value) => number(value, language)).map((why) => (
          <li key={why}>{why}</li>
        ))}
      </ul>
      {phase.number !== null && (
        <LotPart event={visit.state.event} number={phase.number} ticket={phase.ticket} />
      )}
      <p class="hint">{words.keepOpen}</p>
    </>
  )
}

/** Why it takes so long, the weightiest first. */
function whys(
  { state }: Visit,
  phase: Extract<Phase, { kind: 'waiting' }>,
  words: Words,
  say: (value: number) => string,
): string[] {
  const { line } = state
  // Without any place nobody comes out for whom one could go in.
  const isPaused = line?.mode === 'paused' || line?.limitedBy === 'paused' || line?.cap === 0
  const isClosed = line?.mode === 'closed'
  const { reason } = phase.eta
  const slower = {
    rate_lowered: words.etaRateLowered,
    returning: words.etaReturning,
    slow_exit: words.etaSlowExit,
  }
  const all = [
    isPaused && words.whyPaused,
    isClosed && words.whyClosed,
    phase.wasAbsent && words.wasAbsent,
    phase.place === 1 && !isPaused && !isClosed && words.next,
    line?.limitedBy === 'cap' && line.cap > 0 && words.whyCap(say(line.cap)),
    line?.limitedBy === 'rate' && words.whyRate(say(line.ratePerMinute)),
    line?.isSlowed === true && words.whySlowed,
    reason !== undefined && reason !== 'paused' && slower[reason],
  ]
  return all.filter((one) => typeof one === 'string')
}

function RegisteredPart({ visit, phase }: Props<'registered'>) {
  const { words, language } = useUi()
  const opensAt = visit.state.line?.opensAt ?? null
  const seconds = opensAt === null ? 0 : (opensAt - serverNow(visit.state, Date.now())) / 1000
  return (
    <>
      <Heading level={2} id="line">
        {words.registeredTitle}
      </Heading>
      {phase.number !== null && <p>{words.registeredNumber(number(phase.number, language))}</p>}
      <p>{words.registeredText}</p>
      {opensAt === null ? (
        <p>{words.opensByHand}</p>
      ) : (
        <dl class="figures">
          <div class="large">
            <dt>{words.opensIn}</dt>
            {/* A clock that runs is for the eyes; the moment itself stands beside it. */}
            <dd data-figure="opens">{seconds > 0 ? countdown(seconds) : words.opensNow}</dd>
          </div>
          <div class="wide">
            <dt>{words.opensAt}</dt>
            <dd>{momentText(opensAt, language)}</dd>
          </div>
        </dl>
      )}
      {phase.number !== null && <PromisePart event={visit.state.event} number={phase.number} />}
    </>
  )
}

function LeftPart({ visit, phase }: Props<'left'>) {
  const { words, language } = useUi()
  const seconds = (phase.undoUntil - serverNow(visit.state, Date.now())) / 1000
  return (
    <>
      <Heading level={2} id="line">
        {words.leftTitle}
      </Heading>
      <p>{words.leftText(spell(seconds, words, language))}</p>
      <p class="buttons">
        <button type="button" class="main" onClick={() => visit.undo()}>
          {words.undo}
        </button>
      </p>
    </>
  )
}

function RefusedPart({ visit, phase }: Props<'refused'>) {
  const { words, language, go } = useUi()
  const { state } = visit
  const seconds = phase.retryAt === null ? 0 : (phase.retryAt - serverNow(state, Date.now())) / 1000
  return (
    <>
      <Heading level={2} id="line">
        {words.refusedTitle}
      </Heading>
      <p role="alert">{refusalText(phase.code, state.event, words)}</p>
      {phase.retryAt !== null && <p>{words.retryIn(spell(seconds, words, language))}</p>}
      <p class="buttons">
        <button type="button" class="main" onClick={() => visit.join()}>
          {words.retry}
        </button>
        <button type="button" onClick={() => go('/')}>
          {words.back}
        </button>
      </p>
    </>
  )
}

function LeaveQuestion({ visit, onStay }: { readonly visit: Visit; readonly onStay: () => void }) {
  const { words } = useUi()
  const leave = (): void => {
    void visit.leave()
    onStay()
  }
  return (
    <>
      <Heading level={2} id="line">
        {words.leaveTitle}
      </Heading>
      <p>{words.leaveText}</p>
      <p class="buttons">
        <button type="button" class="main" onClick={onStay}>
          {words.leaveNo}
        </button>
        <button type="button" class="danger" onClick={leave}>
          {words.leaveYes}
        </button>
      </p>
    </>
  )
}

function LinkPart({ link, visit }: { readonly link: Link; readonly visit: Visit }) {
  const { words } = useUi()
  const text: Readonly<Record<Link['kind'], string>> = {
    connecting: words.linkConnecting,
    live: words.linkLive,
    polling: words.linkPolling,
    lost: words.linkLost,
    stopping: words.linkStopping,
    quiet: words.linkQuiet,
  }
  const { phase } = visit.state
  if (phase.kind === 'over' || phase.kind === 'refused' || phase.kind === 'asking') return null
  return (
    <p class={`link ${link.kind}`} data-link={link.kind}>
      {text[link.kind]}
      {link.kind === 'quiet' && (
        <button type="button" onClick={() => visit.useHere()}>
          {words.useHere}
        </button>
      )}
    </p>
  )
}

function overText(why: Extract<Phase, { kind: 'over' }>['why'], words: Words): string {
  const texts = {
    done: words.overDone,
    expired: words.overExpired,
    left: words.overLeft,
    cleared: words.overCleared,
    closed: words.overClosed,
    out: words.overOut,
  }
  return texts[why]
}
