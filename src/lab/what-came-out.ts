/**
 * What came out, as events for the auditor: from the service's answers about each message, or from the record of the
 * back end that did the work. The two see different things: the service knows how each message ended, the back end how
 * often its work was done.
 */
import { type MessageLife, type WeirClient, WeirClientError } from '../client/index.ts'
import { type Clock, pause } from '../core/index.ts'
import { readCallLog } from './backend/call-log.ts'
import { type Ended, FINAL_STATES, type FinalState, type HistoryEvent, type Waiting } from './history.ts'

/**
 * Every piece of work that the back end did. `as`: as the effects of messages whose ends are told by somebody else, or,
 * when nobody else is asked, as their ends. Throws CallLogError.
 */
export async function* workDone(logFile: string, as: 'effect' | 'ended'): AsyncIterable<HistoryEvent> {
  for await (const { outcome, id, ref, end: at } of readCallLog(logFile)) {
    if (outcome !== 'served') continue
    const named = { id, ...(ref !== undefined && { ref }), at }
    yield as === 'effect' ? { kind: 'effect', ...named } : { kind: 'ended', state: 'done', ...named }
  }
}

export interface AskOptions {
  readonly client: Pick<WeirClient, 'message' | 'status'>
  readonly clock: Clock
  /** How long to wait for messages to end. */
  readonly waitMs: number
  readonly signal?: AbortSignal
  /** Messages that the queue still holds, then messages not yet asked after. */
  readonly onProgress?: (stage: 'waiting' | 'asking', left: number) => void
}

const PARALLEL = 16
const LOOK_EVERY_MS = 500

/**
 * Asks the service what became of each message: first waits until its queue is empty, then asks, and asks again after
 * those without an end until the time is up. What has no end then is `waiting`; what it does not know gives no event.
 * Ends come in the order of their moments. Rejects with WeirClientError when the service cannot be asked.
 */
export async function endsOf(ids: Iterable<string>, options: AskOptions): Promise<HistoryEvent[]> {
  const { clock, waitMs, signal } = options
  const until = clock.now() + waitMs
  await emptied(until, options)
  const ended: Ended[] = []
  let waiting: Waiting[] = []
  for (let left: string[] = [...ids]; ; ) {
    waiting = []
    for (const event of await askAll(left, options)) {
      if (event.kind === 'ended') ended.push(event)
      else waiting.push(event)
    }
    if (waiting.length === 0 || clock.now() >= until || signal?.aborted) break
    left = waiting.map(({ id }) => id)
    await pause(clock, LOOK_EVERY_MS, signal)
  }
  return [...ended.sort((a, b) => (a.at ?? 0) - (b.at ?? 0)), ...waiting]
}

async function emptied(until: number, { client, clock, signal, onProgress }: AskOptions): Promise<void> {
  for (;;) {
    const { ready, inFlight, delayed } = (await client.status()).depth
    const left = ready + inFlight + delayed
    onProgress?.('waiting', left)
    if (left === 0 || clock.now() >= until || signal?.aborted) return
    await pause(clock, LOOK_EVERY_MS, signal)
  }
}

async function askAll(ids: readonly string[], { client, signal, onProgress }: AskOptions) {
  const events: (Ended | Waiting | undefined)[] = new Array(ids.length)
  let next = 0
  const asker = async () => {
    while (next < ids.length && !signal?.aborted) {
      const index = next++
      if (index % 1000 === 0) onProgress?.('asking', ids.length - index)
      events[index] = await ask(client, ids[index] ?? '')
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, asker))
  return events.filter((event) => event !== undefined)
}

async function ask(client: AskOptions['client'], id: string): Promise<Ended | Waiting | undefined> {
  try {
    return eventOf(await client.message(id))
  } catch (error) {
    if (error instanceof WeirClientError && error.code === 'message_not_found') return undefined
    throw error
  }
}

function eventOf({ id, state, finishedAt }: MessageLife): Ended | Waiting {
  if (!isFinal(state)) return { kind: 'waiting', id, state }
  return { kind: 'ended', id, state, ...(finishedAt !== undefined && { at: Date.parse(finishedAt) }) }
}

const isFinal = (state: string): state is FinalState => (FINAL_STATES as readonly string[]).includes(state)
