/** The Redis line keeps every promise of the port, with eight processes where several race. */
import { after, before, test } from 'node:test'
import { lineConformance } from '../../conformance/line.ts'
import { noRedis, startRedis, type TestRedis } from '../../fixtures/redis.ts'
import { lineSubject } from './line-rig.ts'

const skip = noRedis()
const cleanups: (() => unknown)[] = []
let redis: TestRedis
before(async () => {
  if (!skip) redis = await startRedis({ cleanup: (run) => cleanups.push(run) })
})
after(async () => {
  for (const run of cleanups.reverse()) await run()
})

if (skip) test('line port on Redis', { skip })
else lineConformance('Redis', (context) => lineSubject(redis, context))
