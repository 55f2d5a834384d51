/**
 * What the four processors have in common. For one message:
 *   1. an earlier attempt has applied it: the same outcome again, and nothing else (Q7);
 *   2. the registry speaks against it: rejected, without troubling the back end;
 *   3. the back end is called;
 *   4. registry and mark change in one step, decided anew whenever somebody was faster (optimistic versions).
 * A crash between 3 and 4 leaves no trace here; the back end is idempotent by message id
 * and answers the same.
 */
import type { ProcessingContext, Processor } from '../consumer/index.ts'
import {
  type EffectStore,
  ERRORS,
  type JsonObject,
  type JsonValue,
  type Message,
  type Outcome,
  WeirError,
} from '../core/index.ts'
import { ownLine, parseRequest, type Request } from './attributes.ts'
import type { LegacyAnswer, LegacyBackend } from './legacy-backend.ts'
import type { Line, Rules } from './line.ts'
import { readLine, writesFor } from './registry.ts'
import { type LegacyOutcome, outcomeNamed, SERVICES, type Service } from './services.ts'

export interface ProcessorDeps {
  readonly effects: EffectStore
  readonly backend: LegacyBackend
}

/**
 * Somebody wins every round, so this many lost in a row means a line that is fought over: better come back
 * later.
 */
const MOST_ROUNDS = 64
const FOUGHT_OVER_PAUSE_MS = 250
const STORE_PAUSE_MS = 1_000

/** The processor of one service. Safe to run any number of times, also at once, for one message. */
export function createProcessor(rules: Rules, { effects, backend }: ProcessorDeps): Processor {
  return {
    name: `${rules.service}-processor`,

    async process(message: Message, context: ProcessingContext): Promise<Outcome> {
      const parsed = parseRequest(message.attributes, message.id)
      if (parsed.kind === 'malformed')
        return { kind: 'dead', error: `malformed attributes: ${parsed.problem}` }
      try {
        const earlier = await effects.applied(message.id)
        if (earlier) return outcomeOf(earlier.result)
        const { line } = await readLine(effects, parsed.request.line)
        if (rules.refusal(line, parsed.request) !== undefined) {
          return await apply(rules, effects, message.id, parsed.request)
        }
        const attributes = message.attributes ?? {}
        const answer = await backend.call(rules.service, message.id, attributes, context.signal)
        if (answer.kind !== 'answered') return failureOf(answer)
        return await apply(rules, effects, message.id, parsed.request, answer.outcome)
      } catch (error) {
        return storeFailure(error)
      }
    },
  }
}

/**
 * Decides and applies until no one else changed the line in between. Without an `answer` it only records a
 * refusal; should the reason for it be gone meanwhile, the message comes back for another attempt.
 */
async function apply(
  rules: Rules,
  effects: EffectStore,
  id: string,
  request: Request,
  answer?: LegacyOutcome,
): Promise<Outcome> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = await readLine(effects, request.line)
    const decision = decide(rules, before.line, request, id, answer)
    if (!decision) break
    // A line that only this message knows is never asked for again; kept, it would stay in the registry for ever.
    const keeps = decision.after !== undefined && request.line !== ownLine(id)
    const writes = keeps && decision.after ? await writesFor(effects, before, decision.after) : []
    const applied = await effects.apply({ id, result: decision.result, writes })
    if (applied.kind === 'applied') return outcomeOf(decision.result)
    if (applied.kind === 'already') return outcomeOf(applied.result)
  }
  const error = `line ${request.line} is being changed by many messages at once`
  return { kind: 'failed', failure: 'error', error, retryAfterMs: FOUGHT_OVER_PAUSE_MS }
}

/** What is kept with the mark, and the line as it becomes; no line = the registry stays as it is. */
interface Decision {
  readonly result: JsonObject
  readonly after?: Line
}

function decide(
  rules: Rules,
  line: Line | undefined,
  request: Request,
  id: string,
  answer: LegacyOutcome | undefined,
): Decision | undefined {
  const { service } = rules
  const refused =
    rules.refusal(line, request) ??
    (answer?.refusal ? `the legacy system refused: ${answer.meaning}` : undefined)
  if (refused !== undefined) {
    return { result: { ...described(service, refusalOf(service)), line: request.line, reason: refused } }
  }
  if (!answer) return undefined
  const name = rules.outcome?.(line, answer.name) ?? answer.name
  const after = rules.next(line, request, name, id)
  const result = { ...described(service, name), line: after.number, status: after.status }
  return { result, after }
}

function described(service: Service, name: string): JsonObject {
  return { outcome: name, meaning: outcomeNamed(service, name)?.meaning ?? name }
}

/** The name under which a service's refusals are counted. */
function refusalOf(service: Service): string {
  return SERVICES[service].outcomes.find((outcome) => outcome.refusal)?.name ?? service
}

/** The outcome that a stored result stands for; `reason` is there only in refusals. */
function outcomeOf(stored: JsonValue): Outcome {
  const { reason, ...result } = stored as JsonObject
  return typeof reason === 'string' ? { kind: 'rejected', reason, result } : { kind: 'done', result }
}

function failureOf(answer: Exclude<LegacyAnswer, { kind: 'answered' }>): Outcome {
  if (answer.kind === 'timeout') {
    return { kind: 'failed', failure: 'timeout', error: 'the legacy system did not answer in time' }
  }
  const { status, retryAfterMs } = answer
  const failure = status === 429 ? 'overloaded' : 'unavailable'
  return { kind: 'failed', failure, error: `the legacy system answered ${status}`, retryAfterMs }
}

/**
 * A store that cannot write is not the message's fault and must not cost it an attempt. Anything else is a
 * bug.
 */
function storeFailure(error: unknown): Outcome {
  if (!(error instanceof WeirError && ERRORS[error.code].retryable)) throw error
  const retryAfterMs = error.retryAfterMs ?? STORE_PAUSE_MS
  return { kind: 'failed', failure: 'error', error: error.message, retryAfterMs }
}
