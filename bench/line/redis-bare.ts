/**
 * Child: the least that a line in Redis needs, with the same client: a script that takes a ticket from a counter, puts
 * the visitor into a sorted set and answers ticket and place. No states, leases, presence, counts, limits or audit
 * trail.
 */
import { createHash } from 'node:crypto'
import { createClient } from '@redis/client'
import { answer, childConfig } from '../harness/child.ts'
import { visitorId } from './event.ts'

interface Config {
  readonly port: number
  readonly tag: string
  readonly callers: number
  readonly visitors: number
}

const JOIN = `
local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
if known then return { tonumber(known), redis.call('ZRANK', KEYS[1], ARGV[1]) } end
local ticket = redis.call('INCR', KEYS[2])
redis.call('ZADD', KEYS[1], ticket, ARGV[1])
return { ticket, redis.call('ZRANK', KEYS[1], ARGV[1]) }
`
const sha = createHash('sha1').update(JOIN).digest('hex')
const { port, tag, callers, visitors } = childConfig<Config>()
const WARM_UP = 2_000
const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP: 2 })
client.on('error', (error: unknown) => {
  throw error
})
await client.connect()
await client.sendCommand(['SCRIPT', 'LOAD', JOIN])
const keys = ['2', `bare:${tag}:queue`, `bare:${tag}:next`]
let next = 0

async function caller(until: number): Promise<void> {
  while (next < until) {
    const reply = await client.sendCommand<number[]>(['EVALSHA', sha, ...keys, visitorId(next++)])
    if (reply.length !== 2) throw new Error('no ticket and place')
  }
}

const all = (until: number) => Promise.all(Array.from({ length: callers }, () => caller(until)))
await all(WARM_UP)
const cpu = process.cpuUsage()
const began = performance.now()
await all(WARM_UP + visitors)
const seconds = (performance.now() - began) / 1000
const { user, system } = process.cpuUsage(cpu)
const count = await client.sendCommand<number>(['ZCARD', keys[1] ?? ''])
if (count !== next) throw new Error(`${next} were answered and ${count} are in the set`)
await client.close()
answer({ perSecond: visitors / seconds, micros: (user + system) / visitors })
