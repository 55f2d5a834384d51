/** The steps of one visitor, or of several one after the other: each is decided here and booked by `book-script.ts`. */
import { lineScript } from './book-script.ts'

/** A renewal that gains less than this part of the lease is none: a lease in use is not written at every request. */
const RENEW_STEP = 0.1

const STEPS = `
-- Present as of now; a parked one waits again, under the old ticket. Answers whether that was so.
local function saw(v)
  v.seen = now
  local back = v.state == 'parked'
  if back then move(v, 'back', now) end
  put(v)
  return back
end
local function claim(v)
  if v.state ~= 'ready' then return end
  v.seen = now
  move(v, 'claim', now)
  goesIn(v)
  put(v)
end
local function renew(v)
  if v.state ~= 'admitted' then return end
  local til = math.min(now + door.leaseMs, v.hard)
  local gain = til - v.til
  if gain < door.leaseMs * ${RENEW_STEP} and not (til == v.hard and gain > 0) then return end
  move(v, 'renew', now)
  setTimed(v, til, v.hard)
  put(v)
end
local function finish(v)
  if v.state ~= 'admitted' then return end
  move(v, 'finish', now)
  setTimed(v, now + door.retentionMs)
  put(v)
end
local function leave(v)
  if v.state == 'admitted' then return finish(v) end
  if not nextOf(v.state, 'leave') then return end
  move(v, 'leave', now)
  setTimed(v, now + door.undoMs, now + door.undoMs + door.retentionMs)
  put(v)
end
-- False when it is too late, or nothing was left.
local function undo(v)
  if v.state ~= 'left' or now >= v.til then return false end
  v.seen = now
  -- Without a ticket the visitor was registered, and the order has not been drawn yet.
  move(v, v.ticket > 0 and 'undo' or 'undo_early', now)
  put(v)
  return true
end
`

/**
 * ARGV from 5: visitors, who enter one after the other. Own answer: one list each, { 'in', 1 when it changed something,
 * the visit } or { 'refused', code }; and how the line stands after all of them.
 */
export const ENTER = lineScript(`${STEPS}
-- Entering again. nil = the earlier visit is over, and this is a new one; else whether anything changed.
local function again(v)
  if v.state == 'registered' or v.state == 'waiting' or v.state == 'parked' then return saw(v) end
  if v.state == 'ready' then claim(v) return true end
  if v.state == 'admitted' then renew(v) return false end
  if v.state == 'left' and undo(v) then return true end
end
local function enter(name)
  local v = load(name)
  local same = v and again(v)
  if same ~= nil then return { 'in', same and 1 or 0, told_of(name, v) } end
  if door.mode == 'draining' or door.mode == 'closed' then return { 'refused', door.mode } end
  local waiting = redis.call('ZCARD', K.queue)
  -- L2: nobody past somebody waiting; L3: only into a place that is free.
  local direct = waiting == 0 and free() > 0
  if not direct and waiting + state.parked + state.registered >= door.maxQueued then return { 'refused', 'full' } end
  if v then redis.call('ZREM', K.due, name) end
  state.next = state.next + 1
  v = { name = name, state = 'none', no = state.next, ticket = 0, entered = now, seen = now, til = 0, hard = 0,
    misses = 0 }
  if door.mode == 'prequeue' and redis.call('HGET', K.draw, 'phase') == 'list' then
    redis.call('RPUSH', K.roster, name)
    move(v, 'register', now)
  else
    v.ticket = v.no
    move(v, direct and 'enter_directly' or 'enter', now)
  end
  if direct then
    state.serving = state.next
    countAdmission()
    goesIn(v)
  end
  put(v)
  return { 'in', 1, told_of(name, v) }
end
sweep()
local results = {}
for i = 5, #ARGV do results[#results + 1] = enter(ARGV[i]) end
return answer(results, standing())
`)

/** ARGV 5: the step, 6: the visitor. Own answer: the visit. */
export const STEP = lineScript(`${STEPS}
sweep()
local v = load(ARGV[6])
if v then
  local steps = { claim = claim, renew = renew, done = finish, leave = leave, undo = undo, status = function() end }
  steps[ARGV[5]](v)
end
return answer(told_of(ARGV[6], v))
`)

/** ARGV from 5: visitors who were seen just now. */
export const SEEN = lineScript(`${STEPS}
sweep()
for i = 5, #ARGV do
  local v = load(ARGV[i])
  if v then saw(v) end
end
return answer()
`)
