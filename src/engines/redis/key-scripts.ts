/** The scripts of senders' idempotency keys: a hash each, `f` fingerprint, `i` id, `a` when it was accepted. */
import { script } from './connection.ts'

/**
 * KEYS: one per reservation. ARGV: how long a key is known (ms), then fingerprint and id of each.
 * Answer: one list per reservation: { 'fresh' } | { 'reused' } | { 'repeated', id, acceptedAt or '' }; or
 * { 'unusable', key }, and then nothing was changed.
 */
export const RESERVE = script(`
for i = 1, #KEYS do
  local kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= 'hash' and kind ~= 'none' then return { 'unusable', KEYS[i] } end
end
local answers = {}
for i = 1, #KEYS do
  local fingerprint, id = ARGV[2 * i], ARGV[2 * i + 1]
  local known = redis.call('HMGET', KEYS[i], 'f', 'i', 'a')
  if not known[1] then
    redis.call('HSET', KEYS[i], 'f', fingerprint, 'i', id)
    redis.call('PEXPIRE', KEYS[i], ARGV[1])
    answers[i] = { 'fresh' }
  elseif known[1] ~= fingerprint then
    answers[i] = { 'reused' }
  else
    answers[i] = { 'repeated', known[2], known[3] or '' }
  end
end
return answers
`)

/** KEYS: one per reservation. ARGV: the id of each. A key whose message was accepted, or another's, stays. */
export const RELEASE = script(`
for i = 1, #KEYS do
  local known = redis.pcall('HMGET', KEYS[i], 'i', 'a')
  if not known.err and known[1] == ARGV[i] and not known[2] then redis.call('DEL', KEYS[i]) end
end
return #KEYS
`)
