/** What the visitor is told of the lot: the promise before the opening, and after it whether it was kept. */
import { useEffect, useState } from 'preact/hooks'
import { draw as askDraw } from './api.ts'
import { number as numberText } from './format.ts'
import { keepPromise, keptPromise } from './keep.ts'
import { checkLot, type LotVerdict, promiseIn } from './lot.ts'
import { useUi } from './ui.ts'
import type { Words } from './words.ts'

const AGAIN_MS = 2_000

interface Props {
  readonly event: string
  readonly number: number
}

type Step = () => void

/**
 * Looks until there is something to do, and does it while it is wanted: an answer that did not come, or is from before
 * what it is asked for, is asked for again. Returns the off switch.
 */
function repeated(look: (again: Step) => Promise<Step>): Step {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false
  const again: Step = () => {
    timer = setTimeout(run, AGAIN_MS)
  }
  const run = async (): Promise<void> => {
    const then = await look(again)
    if (!isOver) then()
  }
  void run()
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

/** The first promise that this browser saw for a number stays the one that counts. */
export function PromisePart({ event, number }: Props) {
  const { words, session } = useUi()
  const user = session?.user.userId ?? ''
  const [commitment, setCommitment] = useState(() => keptPromise(event, user, number)?.commitment)
  useEffect(() => {
    if (commitment !== undefined) return
    return repeated(async (again) => {
      const answer = await askDraw(event)
      const found = answer.ok ? promiseIn(answer.body.draw, number) : undefined
      if (found === undefined) return again
      keepPromise({ event, user, number, commitment: found })
      return () => setCommitment(found)
    })
  }, [event, user, number, commitment])
  if (commitment === undefined) return null
  return (
    <details class="promise">
      <summary>{words.lotTitle}</summary>
      <p>{words.lotText}</p>
      <code data-figure="promise">{commitment}</code>
    </details>
  )
}

/** Nothing for whoever did not register with this browser. */
export function LotPart({ event, number, ticket }: Props & { readonly ticket: number }) {
  const { words, language, session } = useUi()
  const user = session?.user.userId ?? ''
  const [verdict, setVerdict] = useState<LotVerdict>()
  useEffect(() => {
    const promised = keptPromise(event, user, number)
    if (!promised) return
    return repeated(async (again) => {
      const answer = await askDraw(event)
      const found = answer.ok ? await checkLot(answer.body.draw, promised, ticket, crypto.subtle) : undefined
      return !found || found.kind === 'early' ? again : () => setVerdict(found)
    })
  }, [event, user, number, ticket])
  if (!verdict || verdict.kind === 'past') return null
  const text = lotText(verdict, words, number, (value) => numberText(value, language))
  return (
    <p class={verdict.kind === 'wrong' ? 'fault' : 'hint'} role="status" data-figure="lot">
      {text}
    </p>
  )
}

function lotText(verdict: LotVerdict, words: Words, number: number, say: (value: number) => string): string {
  switch (verdict.kind) {
    case 'right':
      return words.lotRight(say(number), say(verdict.place), say(verdict.of))
    case 'wrong':
      return words.lotWrong(say(number))
    case 'unchecked':
      return words.lotUnchecked(say(number))
    default:
      return ''
  }
}
