/** The suite of the ledger port on a real Redis. */
import { after, before } from 'node:test'
import { ledgerConformance } from '../../conformance/ledger.ts'
import { noRedis, startRedis, type TestRedis } from '../../fixtures/redis.ts'
import { ledgerSubject } from './rig.ts'

const skip = noRedis()
const cleanups: (() => unknown)[] = []
let redis: TestRedis
before(async () => {
  if (!skip) redis = await startRedis({ cleanup: (run) => cleanups.push(run) })
})
after(async () => {
  for (const run of cleanups.reverse()) await run()
})

ledgerConformance('Redis', (context) => ledgerSubject(redis, context), skip)
