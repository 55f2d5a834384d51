/**
 * The script that books moves, many in one atomic step. It reads every record first, then moves them in its memory, in
 * order, and writes at the end: what cannot be booked is found before anything was changed.
 *
 * KEYS: counts, due, one record per move (not necessarily different ones), then keys that moves name by their number.
 * ARGV: as `encode.ts` lays them out. Answer: { {booked, attempt, failures, position, …}, {type, count, …} }, all types
 * that were touched one after the other; or { 'unusable', key } when a key holds something that is not ours, and then
 * nothing was changed.
 *
 * A record is a hash: `s` what changes (state, round, …, type; words with spaces between), `m` what does not, `r`
 * result, `e` error, `h` history (JSON, one entry a line). Few and packed fields, because a field costs more than its
 * content and a broker may hold very many messages. `none` is the state of a message without a record.
 */
import { script } from './connection.ts'

/** The counters of a type in the order in which the script answers them. */
export const COUNTERS = [
  'accepted',
  'ready',
  'in_flight',
  'delayed',
  'done',
  'rejected',
  'dead',
  'expired',
  'deleted',
  'departed',
] as const

const HEAD = `
local countsKey, dueKey = KEYS[1], KEYS[2]
local retention, historyEntries, lanes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local leanRetention, moves = ARGV[4], tonumber(ARGV[5])
local lean = leanRetention ~= ''
local HEADER, FIELDS = 5, 15
-- Redis speaks Lua 5.1, others that stand in for it a later one.
local unpack = unpack or table.unpack
local COUNTERS = { ${COUNTERS.map((name) => `'${name}'`).join(', ')} }
local FINAL = { done = true, rejected = true, expired = true, deleted = true }

local function broken(reply) return type(reply) == 'table' and reply.err end
if broken(redis.pcall('HLEN', countsKey)) then return { 'unusable', countsKey } end
if broken(redis.pcall('ZCARD', dueKey)) then return { 'unusable', dueKey } end
`

/** Counters of one type: read when first touched, written back once. */
const TALLIES = `
local tallies, touched = {}, {}
local function tally(name)
  local found = tallies[name]
  if found then return found end
  local fields = {}
  for i = 1, #COUNTERS do fields[i] = COUNTERS[i] .. ':' .. name end
  for lane = 0, lanes - 1 do
    fields[#fields + 1] = 'entered' .. lane .. ':' .. name
    fields[#fields + 1] = 'left' .. lane .. ':' .. name
  end
  local values = redis.call('HMGET', countsKey, unpack(fields))
  found = { fields = fields, now = {}, before = {} }
  for i = 1, #fields do
    local value = tonumber(values[i] or 0) or 0
    found.now[fields[i]], found.before[fields[i]] = value, value
  end
  tallies[name] = found
  touched[#touched + 1] = name
  return found
end
local function read(name, what) return tally(name).now[what .. ':' .. name] or 0 end
local function count(name, what, by)
  tally(name).now[what .. ':' .. name] = math.max(0, read(name, what) + by)
end
`

/** Records: read when first named, written back once. */
const RECORDS = `
local records, changed = {}, {}
local function load(key, id, name, lane)
  if records[key] then return true end
  local packed = redis.pcall('HGET', key, 's')
  if broken(packed) then return false end
  local record = { key = key, id = id, type = name, state = 'none', round = -1, attempt = 0, failures = 0, seq = 0,
    lane = lane, gone = 0, taken = 0, finished = 0, available = 0, body = 0, history = {} }
  if packed then
    record.isOld = true
    local w = {}
    local rest = string.gsub(packed, '(%S+) ', function(word) w[#w + 1] = word return '' end, 11)
    record.state, record.round, record.attempt = w[1], tonumber(w[2]), tonumber(w[3])
    record.failures, record.seq, record.lane = tonumber(w[4]), tonumber(w[5]), tonumber(w[6])
    record.gone, record.taken, record.finished = tonumber(w[7]), tonumber(w[8]), tonumber(w[9])
    record.available, record.body, record.type = tonumber(w[10]), tonumber(w[11]), rest
  end
  record.wasDelayed = record.state == 'delayed'
  records[key] = record
  return true
end

local function touch(record)
  if record.dirty then return end
  record.dirty = true
  changed[#changed + 1] = record
end
local function go(record, to)
  touch(record)
  if record.state == to then return end
  if record.state == 'none' then count(record.type, 'accepted', 1) else count(record.type, record.state, -1) end
  count(record.type, to, 1)
  record.state = to
end
-- To the end of the line of its type and priority, and out of it: a place is a subtraction.
local function enter(record)
  count(record.type, 'entered' .. record.lane, 1)
  record.seq, record.gone = read(record.type, 'entered' .. record.lane), 0
end
local function leave(record)
  if record.seq == 0 or record.gone == 1 then return end
  count(record.type, 'left' .. record.lane, 1)
  record.gone = 1
end
local function position(record)
  local ahead = record.seq - read(record.type, 'left' .. record.lane)
  for lane = record.lane + 1, lanes - 1 do
    ahead = ahead + read(record.type, 'entered' .. lane) - read(record.type, 'left' .. lane)
  end
  return math.max(1, ahead)
end
local function remember(record, line)
  if line == '' then return end
  record.history[#record.history + 1] = line
end
local function entry(record, endedAt, outcome, text)
  local line = string.format('{"attempt":%d,"takenAt":%.0f,"endedAt":%.0f,"outcome":"%s"', record.attempt,
    record.taken, endedAt, outcome)
  if text ~= '' then line = line .. ',"error":' .. cjson.encode(text) end
  return line .. '}'
end
-- What a sender or a copy tells of a message that the book has so far only heard of.
local function fill(record, move)
  if lean or record.body == 1 then return end
  touch(record)
  record.newBody, record.body = move.body, 1
end
`

/** One function per kind of move; true when it was booked, false when it is late and nothing was changed. */
const MOVES = `
local book = {}

function book.accepted(record, move)
  fill(record, move)
  if record.state ~= 'none' then return false end
  record.round, record.available = move.round, move.available
  if move.state == 'ready' then enter(record) end
  go(record, move.state)
  return true
end

function book.taken(record, move)
  if FINAL[record.state] or move.round < record.round then return false end
  if move.round == record.round and record.state == 'dead' then return false end
  if move.round > record.round then
    record.failures, record.finished = move.failures, 0
  elseif record.state == 'in_flight' then
    remember(record, entry(record, move.at, 'crashed', 'no word of this attempt: its process or connection ended'))
  end
  fill(record, move)
  leave(record)
  record.attempt = math.max(record.attempt, record.failures) + 1
  record.round, record.taken = move.round, move.at
  go(record, 'in_flight')
  count(record.type, 'departed', 1)
  return true
end

-- The attempt is the current one, or one that the book has missed.
local function current(record, move)
  if record.state == 'none' or move.attempt > record.attempt then return true end
  return record.state == 'in_flight' and move.attempt == record.attempt
end

function book.ended(record, move)
  if record.state == move.state and record.attempt == move.attempt then return true end
  if FINAL[record.state] then return false end
  local waits = record.state == 'ready' or record.state == 'delayed'
  if not current(record, move) and not (move.state == 'expired' and waits) then return false end
  leave(record)
  record.attempt, record.finished = math.max(record.attempt, move.attempt), move.at
  if move.state == 'rejected' then remember(record, entry(record, move.at, 'rejected', move.error)) end
  record.result, record.error = move.body, move.error
  go(record, move.state)
  return true
end

function book.moved(record, move)
  if record.state == move.state and record.round == move.round and record.attempt == move.attempt then return true end
  if FINAL[record.state] or move.round < record.round or not current(record, move) then return false end
  leave(record)
  record.attempt, record.failures = math.max(record.attempt, move.attempt), move.failures
  record.round, record.available = move.round, move.available
  record.finished = move.state == 'dead' and move.at or 0
  record.error = move.error
  remember(record, move.entry)
  go(record, move.state)
  return true
end

-- An entry says that an attempt gave it back; without one a delay is over, which a message in flight knows already.
local function stillTheirs(record, move)
  local given = move.entry ~= ''
  if record.state == 'in_flight' then return given and move.attempt >= record.attempt end
  if record.state == 'delayed' then return not given or move.attempt > record.attempt end
  return record.state ~= 'dead'
end

function book.ready(record, move)
  if FINAL[record.state] or move.round < record.round then return false end
  if move.round == record.round then
    if record.state == 'ready' then return true end
    if not stillTheirs(record, move) then return false end
  elseif record.state == 'in_flight' and move.entry == '' then
    -- A short delay of the next copy is over before the move that made it is told; that one has more to tell.
    return false
  elseif record.state == 'dead' then
    record.failures, record.finished = 0, 0
  end
  remember(record, move.entry)
  -- Given back it is the first of the line again, which its old number says.
  if record.state ~= 'in_flight' or record.seq == 0 then
    leave(record)
    enter(record)
  end
  record.attempt, record.round = math.max(record.attempt, move.attempt), move.round
  go(record, 'ready')
  return true
end

function book.requeued(record, move)
  if record.state == 'ready' and record.round == move.round then return true end
  if FINAL[record.state] or move.round <= record.round then return false end
  remember(record, entry(record, move.at, 'requeued', ''))
  leave(record)
  enter(record)
  record.round, record.failures, record.finished = move.round, 0, 0
  go(record, 'ready')
  return true
end

-- Only what the book knows as dead, or not at all: of a message that lives it would make every later copy late.
function book.deleted(record, move)
  if record.state ~= 'dead' and record.state ~= 'none' then return false end
  go(record, 'deleted')
  return true
end

-- Found by its moment among the delayed: the broker has put it into its line by now.
function book.due(record, move)
  if record.state ~= 'delayed' or record.available > move.at then return false end
  enter(record)
  go(record, 'ready')
  return true
end
`

const RUN = `
local list = {}
for i = 1, moves do
  local at = HEADER + (i - 1) * FIELDS
  local move = { kind = ARGV[at + 1], id = ARGV[at + 2], round = tonumber(ARGV[at + 4]),
    attempt = tonumber(ARGV[at + 5]), failures = tonumber(ARGV[at + 6]), state = ARGV[at + 7],
    at = tonumber(ARGV[at + 8]), available = tonumber(ARGV[at + 9]), acceptedAt = ARGV[at + 10],
    refers = tonumber(ARGV[at + 12]),
    body = ARGV[at + 13], entry = ARGV[at + 14], error = ARGV[at + 15] }
  local key = KEYS[2 + i]
  if not load(key, move.id, ARGV[at + 3], tonumber(ARGV[at + 11])) then return { 'unusable', key } end
  move.record = records[key]
  list[i] = move
end

local answers = {}
for i = 1, moves do
  local move = list[i]
  local record = move.record
  move.booked = book[move.kind](record, move)
  -- Told also when nothing changed: the caller may have missed what did.
  if record.type ~= '' then tally(record.type) end
  local place = 0
  if move.booked and move.kind == 'accepted' and record.state == 'ready' then place = position(record) end
  local at = (i - 1) * 4
  answers[at + 1], answers[at + 2] = move.booked and 1 or 0, record.attempt
  answers[at + 3], answers[at + 4] = record.failures, place
end
`

const WRITE = `
local function whole(number) return string.format('%.0f', number) end

local function writeHistory(record)
  local before = redis.call('HGET', record.key, 'h')
  local lines = {}
  if before then for line in string.gmatch(before, '[^\\n]+') do lines[#lines + 1] = line end end
  for i = 1, #record.history do lines[#lines + 1] = record.history[i] end
  local first = math.max(1, #lines - historyEntries + 1)
  redis.call('HSET', record.key, 'h', table.concat(lines, '\\n', first))
end

local function writeText(record, field, text)
  if text and text ~= '' then redis.call('HSET', record.key, field, text) end
end

local function write(record)
  local final = FINAL[record.state]
  local bare = record.state == 'deleted' or (lean and final)
  if bare then
    redis.call('DEL', record.key)
    record.body = 0
  end
  local packed = table.concat({ record.state, whole(record.round), whole(record.attempt), whole(record.failures),
    whole(record.seq), whole(record.lane), record.gone, whole(record.taken), whole(record.finished),
    whole(record.available), record.body, record.type }, ' ')
  redis.call('HSET', record.key, 's', packed)
  if not bare then
    writeText(record, 'm', record.newBody)
    writeText(record, 'r', record.result)
    writeText(record, 'e', record.error)
    -- The error of an earlier attempt is not how it ended.
    if record.error == '' and record.isOld then redis.call('HDEL', record.key, 'e') end
    if #record.history > 0 then writeHistory(record) end
  end
  if final then redis.call('PEXPIRE', record.key, lean and leanRetention or retention) end
  if record.state == 'delayed' and record.available > 0 then
    redis.call('ZADD', dueKey, record.available, record.id)
  elseif record.wasDelayed then
    redis.call('ZREM', dueKey, record.id)
  end
end

for i = 1, #changed do write(changed[i]) end

for i = 1, moves do
  local move = list[i]
  local key = move.refers > 0 and KEYS[move.refers]
  if not key then
  elseif move.kind == 'accepted' or move.kind == 'taken' then
    -- The key's message is in the broker: from now on the key is answered with its receipt.
    local known = redis.pcall('HMGET', key, 'i', 'a')
    if not broken(known) and known[1] == move.id and not known[2] then redis.call('HSET', key, 'a', move.acceptedAt) end
  elseif move.booked then
    -- Its effect's mark is needed no longer than the record that makes copies late.
    redis.call('PEXPIRE', key, lean and leanRetention or retention)
  end
  -- Somebody else's key expired or was removed under us: the list of the delayed must not name it for ever.
  if move.kind == 'due' and move.record.state ~= 'delayed' then redis.call('ZREM', dueKey, move.id) end
end

local told = {}
for i = 1, #touched do
  local name = touched[i]
  local counters = tallies[name]
  local writes = {}
  for j = 1, #counters.fields do
    local field = counters.fields[j]
    if counters.now[field] ~= counters.before[field] then
      writes[#writes + 1] = field
      writes[#writes + 1] = whole(counters.now[field])
    end
  end
  if #writes > 0 then redis.call('HSET', countsKey, unpack(writes)) end
  told[#told + 1] = name
  for j = 1, #COUNTERS do told[#told + 1] = counters.now[counters.fields[j]] end
end
return { answers, told }
`

const SOURCE = [HEAD, TALLIES, RECORDS, MOVES, RUN, WRITE].join('')

/** Refused as a whole when Redis is full. */
export const RECORD = script(SOURCE)

/** Runs also when Redis is full (Redis 7 and later): together with `lean` it makes room instead of taking it. */
export const RECORD_LEAN = script(`#!lua flags=allow-oom\n${SOURCE}`)
