/** Two Redis nodes that share the slots, and names whose keys lie on one and on the other. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { freePort } from '../../fixtures/ports.ts'
import { eventually } from '../../fixtures/process.ts'
import { startRedis, type TestRedis } from '../../fixtures/redis.ts'
import { connectRaw } from './rig.ts'

const LAST_SLOT = 16_383
const HALF = 8_191
/** Each half is as likely as the other: so many names on one side are no chance. */
const MOST_NAMES = 50
/** For so long a node may stand still and is not given up by the other. */
const NODE_TIMEOUT_MS = 60_000

export interface Cluster {
  /** One of the nodes: whoever is told of it has to find the other. */
  readonly redis: TestRedis
  /** A name on each node, by the slot of the key that it makes. */
  readonly names: readonly string[]
}

export async function twoNodes(context: TestContext, keyOf: (name: string) => string): Promise<Cluster> {
  const cleanup = (run: () => unknown) => context.after(run)
  const node = async (from: number, to: number) => {
    const bus = await freePort()
    const redis = await startRedis({
      ...{ cleanup, controlled: true },
      args: [
        ...['--cluster-enabled', 'yes', '--cluster-port', `${bus}`],
        ...['--cluster-node-timeout', `${NODE_TIMEOUT_MS}`],
      ],
    })
    const raw = await connectRaw(redis.url, cleanup)
    await raw.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`])
    return { redis, raw, bus }
  }
  const [one, two] = [await node(0, HALF), await node(HALF + 1, LAST_SLOT)]
  const meet = ['CLUSTER', 'MEET', '127.0.0.1', `${two.redis.port}`, `${two.bus}`]
  for (const { raw } of [one, two]) {
    let info = ''
    await eventually(
      async () => {
        info = String(await raw.sendCommand(['CLUSTER', 'INFO']))
        // Asked for again when it was forgotten, because no answer came for a while.
        if (/cluster_known_nodes:1\b/.test(info)) await one.raw.sendCommand(meet)
        return /cluster_state:ok/.test(info) || undefined
      },
      () => `the cluster: ${info}`,
      2 * NODE_TIMEOUT_MS,
    )
  }
  const names = new Map<boolean, string>()
  for (let n = 0; names.size < 2; n++) {
    assert.ok(n < MOST_NAMES, 'names on both nodes')
    const slot = Number(await one.raw.sendCommand(['CLUSTER', 'KEYSLOT', keyOf(`name${n}`)]))
    names.set(slot <= HALF, `name${n}`)
  }
  return { redis: one.redis, names: [...names.values()] }
}
