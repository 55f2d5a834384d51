/** The shapes of requests and of English answers. The same objects validate, serialise and document. */
import Type, { type Static } from 'typebox'
import { LIMITS } from '../core/index.ts'

const Time = (description: string) => Type.String({ format: 'date-time', description })
const Count = (description?: string) => Type.Integer({ minimum: 0, ...(description ? { description } : {}) })
const Optional = Type.Optional

/** No control characters: the key travels in headers and logs. */
const Key = (description: string) =>
  Type.String({
    minLength: 1,
    maxLength: LIMITS.keyLength,
    pattern: '^[^\\u0000-\\u001f\\u007f]+$',
    description,
  })

export const MessageBody = Type.Object({
  type: Type.String({
    description: 'Name or alias of a message type; case does not matter',
    examples: ['MNP'],
  }),
  content: Type.String({
    minLength: 1,
    maxLength: LIMITS.contentLength,
    pattern: '\\S',
    examples: ['Move 010-1234-5678 to us'],
  }),
  attributes: Optional(
    Type.Object({}, { additionalProperties: true, description: `At most ${LIMITS.jsonDepth} levels deep` }),
  ),
  idempotencyKey: Optional(
    Key('The same key within 24 h is the same message; also as header Idempotency-Key'),
  ),
  orderingKey: Optional(Key('Messages of one type and key are handled one after the other, in order')),
  priority: Optional(Type.Integer({ minimum: 0, maximum: 9, description: '9 first; 4 unless given' })),
  delayMs: Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMITS.delayMs,
      description: 'Not handed out before; in milliseconds',
    }),
  ),
  ttlMs: Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMITS.delayMs,
      description: 'Expires unhandled after; in milliseconds',
    }),
  ),
})
export type MessageBody = Static<typeof MessageBody>

export const BatchBody = Type.Object({
  messages: Type.Array(MessageBody, { minItems: 1, maxItems: LIMITS.batchMessages }),
})

/** What of a batch is checked as a whole; each message is checked, and refused, on its own. */
export const BatchEnvelope = Type.Object({ messages: Type.Array(Type.Unknown(), { minItems: 1 }) })

export const TypePatch = Type.Object(
  {
    ratePerSecond: Optional(Type.Number({ minimum: 0, maximum: 1_000_000, description: '0 = no limit' })),
    concurrency: Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    maxBacklogSeconds: Optional(Type.Number({ minimum: 0, maximum: 31_536_000, description: '0 = off' })),
  },
  { additionalProperties: false, minProperties: 1 },
)

export const Empty = Type.Object({})
export const IdParams = Type.Object({ id: Type.String() })
export type IdParams = Static<typeof IdParams>
export const TypeParams = Type.Object({ type: Type.String() })
export type TypeParams = Static<typeof TypeParams>

export const DeadLetterQuery = Type.Object(
  {
    type: Optional(Type.String({ description: 'Only this message type' })),
    limit: Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageSize, description: '100 unless given' })),
    after: Optional(Type.String({ minLength: 1, maxLength: 512, description: '`next` of the page before' })),
  },
  { additionalProperties: false },
)
export const TypeQuery = Type.Object({ type: Optional(Type.String()) }, { additionalProperties: false })

export const Fault = Type.Object({ field: Type.String(), problem: Type.String() })

export const Accepted = Type.Object({
  id: Type.String(),
  type: Type.String(),
  queue: Type.String(),
  acceptedAt: Time('When it became durable'),
  position: Optional(Type.Integer({ minimum: 1, description: '1 = next of its type; absent while delayed' })),
  etaMs: Optional(Count('Measured; absent while nothing is drained')),
  repeated: Optional(
    Type.Boolean({ description: 'The idempotency key was seen before: this is the first message' }),
  ),
})
export type Accepted = Static<typeof Accepted>

/** One shape for both fates: a union would cost a validation per item when it is serialised. */
export const BatchItem = Type.Object({
  index: Count('Place in the request, from 0'),
  status: Type.String({ enum: ['accepted', 'refused'] }),
  id: Optional(Type.String()),
  type: Optional(Type.String()),
  acceptedAt: Optional(Time('When it became durable')),
  position: Optional(Type.Integer({ minimum: 1 })),
  etaMs: Optional(Count()),
  repeated: Optional(Type.Boolean()),
  code: Optional(Type.String({ description: 'Why it was refused' })),
  detail: Optional(Type.String()),
  errors: Optional(Type.Array(Fault)),
  retryAfterSeconds: Optional(Type.Integer({ minimum: 1 })),
})
export type BatchItem = Static<typeof BatchItem>

export const BatchResult = Type.Object({
  queue: Type.String(),
  accepted: Count(),
  refused: Count(),
  results: Type.Array(BatchItem),
})
export type BatchResult = Static<typeof BatchResult>

const History = Type.Object({
  attempt: Count(),
  takenAt: Time('Start of the attempt'),
  endedAt: Time('End of the attempt'),
  outcome: Type.String(),
  error: Optional(Type.String()),
})

export const MessageLife = Type.Object({
  id: Type.String(),
  type: Type.String(),
  state: Type.String({
    enum: ['ready', 'held', 'delayed', 'in_flight', 'done', 'rejected', 'dead', 'expired'],
  }),
  content: Type.String(),
  attributes: Optional(Type.Object({}, { additionalProperties: true })),
  priority: Count(),
  orderingKey: Optional(Type.String()),
  attempts: Count('Hand-outs so far'),
  failures: Count('Counted failures so far'),
  createdAt: Time('When the gateway made it'),
  acceptedAt: Time('When it became durable'),
  availableAt: Optional(Time('Not handed out before')),
  expiresAt: Optional(Time('Not handed out after')),
  takenAt: Optional(Time('Start of the current or last attempt')),
  finishedAt: Optional(Time('When it ended')),
  result: Optional(Type.Unknown()),
  error: Optional(Type.String()),
  position: Optional(Type.Integer({ minimum: 1 })),
  etaMs: Optional(Count()),
  history: Type.Array(History),
})
export type MessageLife = Static<typeof MessageLife>

export const DeadLetters = Type.Object({
  items: Type.Array(MessageLife),
  next: Optional(Type.String({ description: 'Pass as `after` for the next page; absent on the last' })),
})
export const Retried = Type.Object({ retried: Count() })
export const Deleted = Type.Object({ deleted: Count() })

const Depth = { ready: Count(), inFlight: Count(), delayed: Count(), dead: Count() }
const Flow = {
  oldestAgeMs: Optional(Count('Age of the oldest ready message; absent when none waits, or nobody knows')),
  unacknowledged: Count('Handed to consumers and not settled yet, in all processes'),
  consumers: Optional(Count('Consumers that take messages, in all processes; absent when that is not known')),
  inPerSecond: Type.Number({ minimum: 0 }),
  outPerSecond: Type.Number({ minimum: 0 }),
  drainEtaMs: Optional(Count('Until what waits now has left; absent when not measurable')),
}
const Scaling = Type.Object({
  wanted: Count('Workers that the load asks for: consumer processes, or shares of the slots of one process'),
  ready: Count('Workers that take messages'),
  starting: Count('Workers asked for and not there yet'),
  draining: Count('Workers that finish what they have'),
  reason: Type.String({ description: 'Why, in one word' }),
})
const Member = Type.Object({
  id: Type.String({ description: 'New at each start of a process' }),
  role: Type.String({ enum: ['all', 'gateway', 'consumer'] }),
  host: Type.String(),
  pid: Count(),
  types: Type.Array(Type.String(), { description: 'The types it works on' }),
  running: Count('Messages in work'),
  draining: Type.Boolean({ description: 'It finishes what it has and takes nothing more' }),
  cpu: Optional(Type.Number({ minimum: 0, description: 'Use of one core, 1 = all of it' })),
  memoryBytes: Optional(Count('Resident')),
  startedAt: Time('When it started'),
})
export const QueueStatus = Type.Object({
  queue: Type.String(),
  engine: Type.String(),
  depth: Type.Object(Depth),
  ...Flow,
  unrouted: Optional(Count('Messages of unknown types, put in by others and kept apart')),
  unserved: Type.Array(Type.String(), { description: 'Types that have messages waiting and no consumer' }),
  types: Type.Record(
    Type.String(),
    Type.Object({
      ...Depth,
      ...Flow,
      running: Optional(Count()),
      concurrencyLimit: Optional(Type.Number({ minimum: 0 })),
      breaker: Optional(Type.String({ enum: ['closed', 'open', 'half_open'] })),
      scaling: Optional(Scaling),
    }),
  ),
  members: Type.Array(Member, { description: 'Every process that works on the queue, heard of just now' }),
})
export type QueueStatus = Static<typeof QueueStatus>

const Outcomes = {
  accepted: Count(),
  done: Count(),
  rejected: Count('Refused by the business rules: final'),
  failed: Count('Dead letters, those deleted by an operator included'),
  expired: Count(),
  waiting: Count('Ready, in flight or delayed'),
}
export const Stats = Type.Object({
  ...Outcomes,
  refused: Count('Requests refused since `startedAt`'),
  refusedByCode: Type.Record(Type.String(), Count()),
  requests: Type.Object({
    total: Count(),
    accepted: Count(),
    refused: Count(),
    since: Time('Counted since'),
  }),
  types: Type.Record(Type.String(), Type.Object(Outcomes)),
  startedAt: Time('When this process started'),
  monitoring: Type.Boolean(),
  queue: Type.String(),
})
export type Stats = Static<typeof Stats>

export const TypeInfo = Type.Object({
  name: Type.String(),
  aliases: Type.Array(Type.String()),
  handler: Type.String({ description: '`builtin:` and its name, or the URL it is forwarded to' }),
  ratePerSecond: Type.Number(),
  concurrency: Type.Number(),
  timeoutMs: Type.Number(),
  maxRetries: Type.Number(),
  retryDelayMs: Type.Number(),
  maxBacklogSeconds: Type.Number(),
})
export type TypeInfo = Static<typeof TypeInfo>
export const TypeList = Type.Object({ types: Type.Array(TypeInfo) })
export const RouterInfo = Type.Object({
  queue: Type.String(),
  engine: Type.String(),
  abilities: Type.Record(Type.String(), Type.Boolean(), {
    description: 'What this queue, as it is set up, can do beyond the minimum',
  }),
  notAvailable: Type.Record(Type.String(), Type.String(), {
    description: 'What it cannot do, and what to set for it',
  }),
  effects: Type.String({
    enum: ['queue', 'redis', 'memory'],
    description: 'Where the effects of processors are kept; memory = each process for itself, until it ends',
  }),
  routes: Type.Array(TypeInfo),
})
export const Config = Type.Object({}, { additionalProperties: true })

export const MonitoringStatus = Type.Object({
  monitoring_status: Type.Object({
    monitoring_enabled: Type.Boolean(),
    status_text: Type.String(),
    environment_variable: Type.String(),
    timestamp: Time('Now'),
  }),
  system_info: Type.Object({
    total_messages_processed: Count(),
    messages_by_type: Type.Record(Type.String(), Count()),
    last_processed: Type.Union([Time('When the last message ended'), Type.Null()]),
  }),
})
export const MonitoringChange = Type.Object({
  success: Type.Boolean(),
  message: Type.String(),
  previous_state: Type.Boolean(),
  current_state: Type.Boolean(),
  timestamp: Time('Now'),
})

export const Health = Type.Object({ status: Type.Literal('ok'), timestamp: Time('Now') })
export const Ready = Type.Object({
  ready: Type.Boolean(),
  reasons: Type.Array(Type.String()),
  timestamp: Time('Now'),
})
export const Root = Type.Object({
  name: Type.String(),
  version: Type.String(),
  monitoring_enabled: Type.Boolean(),
})

/** RFC 9457. */
export const ProblemDocument = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.String(),
  code: Type.String(),
  errors: Optional(Type.Array(Fault)),
})

export const KoreanProblem = Type.Object({
  성공: Type.Literal(false),
  메시지: Type.String(),
  타임스탬프: Time('지금'),
  세부정보: Type.Object({
    코드: Type.String(),
    상태코드: Type.Integer(),
    설명: Optional(Type.String()),
    오류목록: Optional(Type.Array(Type.Object({ 항목: Type.String(), 문제: Type.String() }))),
    재시도초: Optional(Type.Integer({ minimum: 1 })),
  }),
})
