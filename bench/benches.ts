/** Every bench, in the order a full run takes. */
import { queueCore } from './core/bench.ts'
import type { Bench } from './harness/figures.ts'
import { httpIngest } from './http/bench.ts'
import { newcomers } from './http/newcomers.ts'
import { lineCore } from './line/core.ts'
import { lineRedis } from './line/redis.ts'
import { roomHttp } from './line/room-http.ts'
import { roomSockets } from './line/room-sockets.ts'
import { loadGenerator } from './load-generator.ts'
import { million } from './million/bench.ts'
import { monitoring } from './monitoring/bench.ts'
import { rabbitmqConsume } from './rabbitmq/consuming.ts'
import { rabbitmqHttp } from './rabbitmq/end-to-end.ts'
import { rabbitmqPublish } from './rabbitmq/publishing.ts'
import { rabbitmqShapes } from './rabbitmq/shapes.ts'
import { sqliteBinding } from './sqlite/bench.ts'
import { validateAnalysis } from './validate-analysis.ts'

export const BENCHES: readonly Bench[] = [
  httpIngest,
  newcomers,
  queueCore,
  monitoring,
  million,
  sqliteBinding,
  rabbitmqPublish,
  rabbitmqConsume,
  rabbitmqShapes,
  rabbitmqHttp,
  lineCore,
  lineRedis,
  roomHttp,
  roomSockets,
  loadGenerator,
  validateAnalysis,
]
