/** The steps that concern an event as a whole: its door, calls, counts, frame, and emptying it. */
import { FRAME_BUCKETS } from '../../../waiting-room/index.ts'
import { bareScript, lineScript } from './book-script.ts'
import { NEW_STATE } from './words.ts'

/** Absent visitors passed over in one call: fewer than the port allows, because all of Redis waits meanwhile. */
const SCAN = 1_000

/**
 * ARGV 5: the door, 6: the same as JSON, 7: how many events there may be. Answer: { 'made' | 'exists' | 'full' } or
 * { 'unusable', key }.
 */
export const DEFINE = bareScript(`
if redis.call('HEXISTS', K.meta, 'door') == 1 then return { 'exists' } end
if redis.call('ZCARD', K.events) >= tonumber(ARGV[7]) then return { 'full' } end
-- Somebody else's, and the steps of this line would mix with it.
for _, name in ipairs({ 'meta', 'queue', 'active', 'visits', 'due', 'window', 'draw', 'roster' }) do
  if redis.call('EXISTS', K[name]) == 1 then return { 'unusable', K[name] } end
end
local seq = redis.call('INCR', K.seq)
redis.call('HSET', K.meta, 'door', ARGV[5], 'state', '${NEW_STATE}')
redis.call('ZADD', K.events, seq, event)
redis.call('XADD', K.audit, 'MAXLEN', '~', ARGV[3], int(seq) .. '-0', 'event', event, 'at', int(now), 'cause', 'define',
  'detail', ARGV[6])
return { 'made' }
`)

/** ARGV 5: the door as it was read, 6: the new one, 7: as JSON. Own answer: 1, or 0 when it was another one. */
export const CHANGE = lineScript(`
if meta[1] ~= ARGV[5] then return answer(0) end
sweep()
redis.call('HSET', K.meta, 'door', ARGV[6])
note(now, 'change', 'detail', ARGV[7])
return answer(1)
`)

/**
 * ARGV 5: how many at most. Own answer: what was passed over, 1 when there is more, the door, active, admissions of the
 * last minute, waiting, then visitor, ticket, claim by and entered of each called one. L2, L3, L5.
 */
export const ADMIT = lineScript(`
sweep()
local max = tonumber(ARGV[5])
local present = tonumber(redis.call('GET', K.present) or 0)
local called, parked, listed = {}, 0, {}
local function call(v)
  local claimBy = now + door.claimMs
  move(v, 'call', now)
  setTimed(v, claimBy)
  countAdmission()
  local one = { v.name, int(v.ticket), int(claimBy), int(v.entered) }
  for i = 1, 4 do called[#called + 1] = one[i] end
  listed[#listed + 1] = one
end
local function serve(v)
  state.serving = math.max(state.serving, v.ticket)
  if now - math.max(v.seen, present) > door.graceMs then
    move(v, 'miss', now)
    setTimed(v, now + door.parkedMs)
    parked = parked + 1
  else
    call(v)
  end
  put(v)
end
while #listed < max and parked < ${SCAN} and free() > 0 do
  local names = redis.call('ZRANGE', K.queue, 0, math.min(max - #listed, free(), 500) - 1)
  if #names == 0 then break end
  for i, packed in ipairs(redis.call('HMGET', K.visits, unpack(names))) do
    if free() == 0 then break end
    if packed then serve(unpackVisit(names[i], packed))
    else redis.call('ZREM', K.queue, names[i]) end
  end
end
if #listed > 0 then tell('called', cjson.encode(listed)) end
local waiting, more = redis.call('ZCARD', K.queue), 0
if waiting > 0 and free() > 0 then more = 1 end
local minute = door.ratePerMinute > 0 and lately() or 0
return answer(parked, more, meta[1], active(), minute, waiting, called)
`)

/**
 * Own answer: how the line stands, how many wait up to each bound of the frame's buckets (\`bucketBounds\`), the
 * draw's fields.
 */
export const SNAPSHOT = lineScript(`
sweep()
local span, counts = math.max(0, state.next - state.serving), {}
for i = 0, ${FRAME_BUCKETS} do
  local bound = state.serving + math.floor(span * i * (i + 1) / ${FRAME_BUCKETS * (FRAME_BUCKETS + 1)} + 0.5)
  counts[#counts + 1] = redis.call('ZCOUNT', K.queue, '-inf', int(bound))
end
return answer(standing(), counts, redis.call('HGETALL', K.draw))
`)

/** ARGV 5: '1' = those inside, too; 6: '1' = only count. Own answer: waiting, registered, parked, active, epoch. */
export const CLEAR = lineScript(`
sweep()
local all, dry = ARGV[5] == '1', ARGV[6] == '1'
local waiting, registered, parked = redis.call('ZCARD', K.queue), state.registered, state.parked
local inside = all and active() or 0
if dry then return answer(waiting, registered, parked, inside, state.epoch) end
local kept = {}
if not all then
  for _, name in ipairs(redis.call('SMEMBERS', K.active)) do
    local packed = redis.call('HGET', K.visits, name)
    if packed then kept[#kept + 1] = unpackVisit(name, packed) end
  end
end
redis.call('UNLINK', K.queue, K.visits, K.due)
if all then
  redis.call('UNLINK', K.active)
  state.ready, state.admitted = 0, 0
end
for _, v in ipairs(kept) do
  put(v)
  setTimed(v, v.til, v.hard)
end
state.registered, state.parked = 0, 0
state.cleared = state.cleared + waiting + registered + parked + inside
state.epoch, state.serving = state.epoch + 1, state.next
-- Before the opening the list begins anew, under the same secret; after it, what was drawn stays on record.
if door.mode == 'prequeue' then
  redis.call('UNLINK', K.roster)
  redis.call('HDEL', K.draw, 'beacon', 'count', 'placed')
  redis.call('HSET', K.draw, 'phase', 'list', 'first', int(state.next + 1), 'rooted', 0, 'root', ARGV[7])
end
local removed = { waiting = waiting, registered = registered, parked = parked, active = inside }
note(now, 'clear_all', 'detail', cjson.encode(removed))
tell('cleared', cjson.encode({ epoch = state.epoch, active = all }))
return answer(waiting, registered, parked, inside, state.epoch)
`)
