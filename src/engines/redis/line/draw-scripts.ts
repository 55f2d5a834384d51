/**
 * The pre-queue's lottery. Redis keeps the list of registrations; the hash chain over it and the order are computed by
 * whoever asks (Lua has no SHA-256), and what was computed is kept together with how far it reaches.
 *
 *   list ──seal (no more join)──▶ sealed ──place, chunk by chunk, the last one opens the door──▶ drawn
 *
 * Every step says from where it goes on and does nothing when another process was faster; whoever finds a sealed draw
 * finishes it. Until then nobody is let in, and those who come get tickets behind all who registered.
 */
import { lineScript } from './book-script.ts'

/** Registrations read at a time for the chain, and places given in one step. */
export const ROSTER_PAGE = 5_000
export const PLACE_PAGE = 1_000

/**
 * ARGV 5: door as it was read, 6: the new one, 7: as JSON, 8: secret, 9: commitment, 10: the empty root. Own answer:
 * 'begun' | 'busy' | 'stale'.
 */
export const PREQUEUE = lineScript(`
if meta[1] ~= ARGV[5] then return answer('stale') end
sweep()
if redis.call('ZCARD', K.queue) > 0 or state.registered > 0 then return answer('busy') end
redis.call('UNLINK', K.draw, K.roster)
redis.call('HSET', K.draw, 'phase', 'list', 'secret', ARGV[8], 'commitment', ARGV[9], 'first', int(state.next + 1),
  'rooted', 0, 'root', ARGV[10])
redis.call('HSET', K.meta, 'door', ARGV[6])
note(now, 'change', 'detail', ARGV[7])
return answer('begun')
`)

/** ARGV 5: the beacon. Own answer: 'none' | 'sealed', by this call or one before it. */
export const SEAL = lineScript(`
sweep()
local phase = redis.call('HGET', K.draw, 'phase')
if door.mode ~= 'prequeue' or not phase then return answer('none') end
if phase == 'list' then
  redis.call('HSET', K.draw, 'phase', 'sealed', 'beacon', ARGV[5], 'count', redis.call('LLEN', K.roster), 'placed', 0)
  changed = true
end
return answer('sealed')
`)

/** Own answer: the draw's fields, how long the list is, and up to a page of it from where the chain ends. */
export const CHAIN = lineScript(`
local draw = redis.call('HGETALL', K.draw)
local rooted = tonumber(redis.call('HGET', K.draw, 'rooted') or 0)
local names = redis.call('LRANGE', K.roster, rooted, rooted + ${ROSTER_PAGE} - 1)
return answer(draw, redis.call('LLEN', K.roster), names)
`)

/** ARGV 5: first of the list, 6: how far the chain reached, 7: how far now, 8: its root there. */
export const ROOTED = lineScript(`
local at = redis.call('HMGET', K.draw, 'first', 'rooted')
if at[1] == ARGV[5] and at[2] == ARGV[6] then redis.call('HSET', K.draw, 'rooted', ARGV[7], 'root', ARGV[8]) end
return answer()
`)

/** ARGV 5: from which index. Own answer: names of a page of the list. */
export const ROSTER = lineScript(`
return answer(redis.call('LRANGE', K.roster, ARGV[5], tonumber(ARGV[5]) + ${PLACE_PAGE} - 1))
`)

/**
 * ARGV 5: first of the list, 6: from which index, 7: door as it was read, 8: the opened one, 9: as JSON, 10: the draw
 * as JSON, from 11: tickets. Own answer: 'placed' | 'drawn' with the last one | 'stale' when somebody was faster.
 */
export const PLACE = lineScript(`
local draw = redis.call('HMGET', K.draw, 'phase', 'first', 'placed', 'count')
if draw[1] ~= 'sealed' or draw[2] ~= ARGV[5] or draw[3] ~= ARGV[6] or meta[1] ~= ARGV[7] then return answer('stale') end
local first, from = tonumber(ARGV[5]), tonumber(ARGV[6])
local names = redis.call('LRANGE', K.roster, from, from + #ARGV - 11)
for i, name in ipairs(names) do
  local packed = redis.call('HGET', K.visits, name)
  local v = packed and unpackVisit(name, packed)
  -- Another number: the visitor left, and came again.
  if v and v.no == first + from + i - 1 and v.ticket == 0 then
    v.ticket = tonumber(ARGV[10 + i])
    if v.state == 'registered' then
      v.state = nextOf('registered', 'draw')
      state.registered = state.registered - 1
      redis.call('ZADD', K.queue, ARGV[10 + i], name)
    end
    put(v)
  end
end
changed = true
redis.call('HSET', K.draw, 'placed', int(from + #names))
if from + #names < tonumber(draw[4]) then return answer('placed') end
redis.call('HSET', K.draw, 'phase', 'drawn')
redis.call('UNLINK', K.roster)
redis.call('HSET', K.meta, 'door', ARGV[8])
note(now, 'change', 'detail', ARGV[9])
note(now, 'open', 'detail', ARGV[10])
return answer('drawn')
`)
