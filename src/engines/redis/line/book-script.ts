/**
 * What every script about one event begins and ends with: the clock, the door, the counters, the visits, and how a
 * change of state is booked. The scripts that stand between decide which step it is.
 *
 * KEYS: `LineKeys.all`. ARGV: 1 '' for the server's clock or `=` and a moment, 2 the event, 3 entries of the audit
 * trail kept, 4 the call's own name; a script's own begin at 5. Answer: nil = there is no such event, else
 * { 0 nothing changed | 1 changed | 2 and a place came free, seq, the script's own… }.
 *
 * Keeps L1 (one field per visitor) and the counters: every change of state goes through `move`, whose table is made
 * from `life.ts`. A script either does all of it or, when memory is full, refuses before its first write.
 */
import { transition, VISITOR_STATES, type VisitorEvent } from '../../../waiting-room/index.ts'
import { type Script, script } from '../connection.ts'
import { EVENT_KEYS, SHARED_KEYS } from './keys.ts'
import { DOOR_WORDS, STATE_WORDS } from './words.ts'

/** Due times applied in one call: a bound on how long one caller works for the others. */
const SWEEP = 1_000
/** Calls and clearings that other processes may be behind; who missed more finds out by asking. */
const CALLS_KEPT = 500

const EVENTS: Readonly<Record<VisitorEvent, true>> = {
  register: true,
  draw: true,
  enter: true,
  enter_directly: true,
  call: true,
  miss: true,
  back: true,
  claim: true,
  claim_over: true,
  claim_over_for_good: true,
  renew: true,
  lease_over: true,
  finish: true,
  leave: true,
  undo: true,
  undo_early: true,
  parked_over: true,
  clear: true,
  forget: true,
}

/** The table of `life.ts` as Lua: which state follows which is decided there and nowhere else. */
function lifeTable(): string {
  const rows = VISITOR_STATES.map((state) => {
    const cells = Object.keys(EVENTS).flatMap((event) => {
      const to = transition(state, event as VisitorEvent)
      return to === undefined ? [] : [`${event} = '${to}'`]
    })
    return `${state} = { ${cells.join(', ')} }`
  })
  return `{ ${rows.join(', ')} }`
}

const luaList = (words: readonly string[]): string => `{ ${words.map((word) => `'${word}'`).join(', ')} }`

/** Number and words; every key by its name. */
const HEAD = `
local unpack = unpack or table.unpack
local K = {}
for i, name in ipairs(${luaList([...EVENT_KEYS, ...SHARED_KEYS])}) do K[name] = KEYS[i] end
local event, callName = ARGV[2], ARGV[4]
-- Made when it is first asked: most calls change nobody's state.
local life
local function nextOf(from, what)
  life = life or ${lifeTable()}
  return life[from][what]
end
local DOOR_WORDS, STATE_WORDS = ${luaList(DOOR_WORDS)}, ${luaList(STATE_WORDS)}
-- Redis speaks Lua 5.1, others that stand in for it a later one, which would write 1.0.
local function int(n) return string.format('%.0f', n) end
local function named(text, names)
  local found, i = {}, 0
  for word in string.gmatch(text, '%S+') do
    i = i + 1
    if names[i] then found[names[i]] = tonumber(word) or word end
  end
  return found
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if ARGV[1] ~= '' then now = tonumber(string.match(ARGV[1], '^=(%d+)$')) end
`

const OPEN = `
local meta = redis.call('HMGET', K.meta, 'door', 'state')
if not meta[1] then return false end
local door, state = named(meta[1], DOOR_WORDS), named(meta[2], STATE_WORDS)
local function active() return state.ready + state.admitted end
local activeBefore = active()
local changed = false
`

const NOTES = `
local notes = {}
local function note(at, cause, ...)
  changed = true
  notes[#notes + 1] = { 'event', event, 'at', int(at), 'cause', cause, ... }
end
local told = false
local function tell(kind, json)
  told = { kind, json }
end
local function stateWords()
  local words = {}
  for i, name in ipairs(STATE_WORDS) do words[i] = int(state[name]) end
  return table.concat(words, ' ')
end
local function answer(...)
  local flags = 0
  if changed then
    flags = active() < activeBefore and 2 or 1
    redis.call('HSET', K.meta, 'state', stateWords())
  end
  local seq = 0
  if #notes > 0 then
    seq = redis.call('INCRBY', K.seq, #notes)
    for i = 1, #notes do
      redis.call('XADD', K.audit, 'MAXLEN', '~', ARGV[3], int(seq - #notes + i) .. '-0', unpack(notes[i]))
    end
    redis.call('ZADD', K.moves, int(seq), event)
    if flags == 2 then redis.call('ZADD', K.freed, int(seq), event) end
    if told then
      redis.call('XADD', K.calls, 'MAXLEN', '~', ${CALLS_KEPT}, int(seq) .. '-0', 'event', event, 'by', callName,
        'kind', told[1], 'json', told[2])
    end
  end
  return { flags, seq, ... }
end
`

/** A visit: state, number, ticket, entered, seen, until, hard end, misses. */
const VISITS = `
local function unpackVisit(name, packed)
  local s, no, ticket, entered, seen, til, hard, misses =
    string.match(packed, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)')
  return { name = name, state = s, no = tonumber(no), ticket = tonumber(ticket), entered = tonumber(entered),
    seen = tonumber(seen), til = tonumber(til), hard = tonumber(hard), misses = tonumber(misses) }
end
local function put(v)
  redis.call('HSET', K.visits, v.name, table.concat({ v.state, int(v.no), int(v.ticket), int(v.entered), int(v.seen),
    int(v.til), int(v.hard), int(v.misses) }, ' '))
end
local TALLIED = { registered = true, parked = true, ready = true, admitted = true }
local ACTIVE = { ready = true, admitted = true }
local COUNTS = { register = 'entered', enter = 'entered', enter_directly = 'entered', leave = 'left', miss = 'missed',
  finish = 'done', lease_over = 'expired', claim_over_for_good = 'expired', parked_over = 'expired' }
local QUIET = { renew = true, forget = true }
-- The caller puts the visit afterwards.
local function move(v, what, at)
  local from, to = v.state, nextOf(v.state, what)
  if not to then error(what .. ' does not apply to a visitor who is ' .. from) end
  changed = true
  v.state = to
  if from ~= to then
    if TALLIED[from] then state[from] = state[from] - 1 end
    if TALLIED[to] then state[to] = state[to] + 1 end
    if from == 'waiting' then redis.call('ZREM', K.queue, v.name) end
    if to == 'waiting' then redis.call('ZADD', K.queue, int(v.ticket), v.name) end
    if ACTIVE[from] and not ACTIVE[to] then redis.call('SREM', K.active, v.name) end
    if ACTIVE[to] and not ACTIVE[from] then redis.call('SADD', K.active, v.name) end
  end
  if to == 'waiting' or to == 'registered' then
    if v.til > 0 then redis.call('ZREM', K.due, v.name) end
    v.til, v.hard = 0, 0
  end
  if COUNTS[what] then state[COUNTS[what]] = state[COUNTS[what]] + 1 end
  if what == 'undo' or what == 'undo_early' then state.left = state.left - 1 end
  if QUIET[what] then return end
  note(at, what, 'visitor', v.name, 'ticket', int(v.ticket > 0 and v.ticket or v.no), 'from', from, 'to', to)
end
local function dueOf(v) return v.state == 'left' and v.hard or v.til end
local function setTimed(v, til, hard)
  v.til, v.hard = til, hard or 0
  redis.call('ZADD', K.due, int(dueOf(v)), v.name)
end
local function remove(v)
  changed = true
  redis.call('HDEL', K.visits, v.name)
  redis.call('ZREM', K.due, v.name)
end
-- True while there is a visit afterwards.
local function overdue(v, at)
  if v.state == 'ready' then
    v.misses = v.misses + 1
    local last = v.misses >= door.claimTries
    move(v, last and 'claim_over_for_good' or 'claim_over', at)
    setTimed(v, at + (last and door.retentionMs or door.parkedMs))
  elseif v.state == 'parked' or v.state == 'admitted' then
    move(v, v.state == 'parked' and 'parked_over' or 'lease_over', at)
    setTimed(v, at + door.retentionMs)
  else
    remove(v)
    return false
  end
  put(v)
  return true
end
-- What is due of this visit is applied first, even when a sweep had too much to do.
local function load(name)
  local packed = redis.call('HGET', K.visits, name)
  if not packed then return nil end
  local v = unpackVisit(name, packed)
  while v.til > 0 and dueOf(v) <= now do
    if not overdue(v, dueOf(v)) then return nil end
  end
  return v
end
local function sweep()
  for _ = 1, ${SWEEP} do
    local entry = redis.call('ZRANGEBYSCORE', K.due, '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, 1)
    if not entry[1] then return end
    local packed = redis.call('HGET', K.visits, entry[1])
    if packed then overdue(unpackVisit(entry[1], packed), tonumber(entry[2]))
    else redis.call('ZREM', K.due, entry[1]) end
  end
end
`

/** Places (L3), presence and what a visitor is told. */
const PLACES = `
local second = math.floor(now / 1000)
local counted
local function lately()
  if counted then return counted end
  counted = 0
  local window = redis.call('HGETALL', K.window)
  for i = 1, #window, 2 do
    if tonumber(window[i]) >= second - 60 then counted = counted + tonumber(window[i + 1]) end
  end
  return counted
end
local function free()
  if door.mode ~= 'open' and door.mode ~= 'draining' then return 0 end
  local places = door.cap - active()
  if door.ratePerMinute > 0 then places = math.min(places, door.ratePerMinute - lately()) end
  return math.max(0, places)
end
local function countAdmission()
  state.departed = state.departed + 1
  if counted then counted = counted + 1 end
  if redis.call('HINCRBY', K.window, int(second), 1) > 1 or redis.call('HLEN', K.window) <= 61 then return end
  for _, at in ipairs(redis.call('HKEYS', K.window)) do
    if tonumber(at) < second - 60 then redis.call('HDEL', K.window, at) end
  end
end
local function goesIn(v)
  setTimed(v, now + math.min(door.leaseMs, door.hardMs), now + door.hardMs)
end
-- Those of a list that is being drawn stand before everybody who came since.
local function undrawn()
  if door.mode ~= 'prequeue' or redis.call('HGET', K.draw, 'phase') ~= 'sealed' then return 0 end
  return state.registered
end
local function told_of(name, v)
  if not v then return { 'none', 0, 0, 0, 0, 0, state.epoch } end
  local position = 0
  if v.state == 'waiting' then
    local rank = redis.call('ZRANK', K.queue, name)
    if not rank then
      -- Somebody took the visitor out by hand: the ticket still stands.
      redis.call('ZADD', K.queue, int(v.ticket), name)
      rank = redis.call('ZRANK', K.queue, name)
    end
    position = rank + 1 + undrawn()
  elseif v.state == 'parked' then position = redis.call('ZCOUNT', K.queue, '-inf', '(' .. int(v.ticket)) + 1 end
  local ends = v.state ~= 'done' and v.state ~= 'expired'
  local hard = v.state == 'admitted' and v.hard or 0
  return { v.state, v.ticket, position, v.entered, ends and v.til or 0, hard, state.epoch, v.no }
end
-- The event as a whole: now, the door, the counters, active, of the last minute, waiting, back after a missed call.
local function standing()
  local minute = door.ratePerMinute > 0 and lately() or 0
  local returned = redis.call('ZCOUNT', K.queue, '-inf', int(state.serving))
  return { int(now), meta[1], stateWords(), active(), minute, redis.call('ZCARD', K.queue), returned }
end
`

/** A script about one event that exists. */
export function lineScript(body: string): Script {
  return script(HEAD + OPEN + NOTES + VISITS + PLACES + body)
}

/** One that has to find out about the event by itself. */
export function bareScript(body: string): Script {
  return script(HEAD + body)
}
