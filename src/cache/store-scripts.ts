/**
 * What is done in Redis in one step. Keys and their forms: `keys.ts`. A script never touches more than a few hundred
 * fields, so none holds Redis up.
 *
 * An entry of the history (stream `changes`) has the fields `kind` and `after` (id of the entry before it, `0-0` for the
 * first: whoever reads on sees what was trimmed away), and
 * - `rows`: `cluster`, `origin`, `from` and `to` (versions before and after), `changes` (JSON of `RowRef[]`), `state`
 *   (JSON or empty)
 * - `job`: `note` (JSON of `JobNote`)
 * - `gap`: `reason`
 */

const nowMs = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Adds an entry to the stream `changes`, bounded. */
const addEntry = `
local function add(changes, max, id, ...)
  local last = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)
  redis.call('XADD', changes, 'MAXLEN', '~', max, id, 'after', last[1] and last[1][1] or '0-0', ...)
end
`;

/** Entries of the history: minutes of it also when much happens, some 10 MB of memory. */
export const historyMax = 50_000;

/** How long what a cluster's last leader left is kept. */
const keptMs = 7 * 24 * 3_600_000;

export const storeScripts = {
  /**
   * KEYS lease, feed, ... by turns; ARGV holder, ttl (ms). Answers a fence for each, empty where somebody leads. A fence
   * is the time, or one more than the last: it does not fall when a Redis comes back empty or is set back.
   */
  acquireLeases: `${nowMs}
local fences = {}
for i = 1, #KEYS, 2 do
  local fence = ''
  if redis.call('EXISTS', KEYS[i]) == 0 then
    local last = tonumber(redis.call('HGET', KEYS[i + 1], 'fence') or '') or 0
    fence = string.format('%.0f', math.max(last + 1, now))
    redis.call('HSET', KEYS[i + 1], 'fence', fence)
    redis.call('PEXPIRE', KEYS[i + 1], ${keptMs})
    redis.call('SET', KEYS[i], fence .. ':' .. ARGV[1], 'PX', ARGV[2])
  end
  fences[#fences + 1] = fence
end
return fences`,

  /**
   * KEYS lease, feed, rows, ... by turns; ARGV ttl, then lease value and state of each. Answers 1 or 0 for each. PEXPIRE
   * comes first: after it a Redis that is full takes the state, so that a leader can say that its writes fail.
   */
  renewLeases: `${nowMs}
local held = {}
for i = 1, #KEYS / 3 do
  local lease, feed, rows = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  held[i] = 0
  if redis.call('GET', lease) == ARGV[2 * i] then
    redis.call('PEXPIRE', lease, ARGV[1])
    redis.call('HSET', feed, 'state', ARGV[2 * i + 1], 'at', string.format('%.0f', now))
    redis.call('PEXPIRE', feed, ${keptMs})
    redis.call('PEXPIRE', rows, ${keptMs})
    held[i] = 1
  end
end
return held`,

  /** KEYS leases; ARGV their values. */
  releaseLeases: `
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[i] then redis.call('DEL', KEYS[i]) end
end`,

  /** KEYS lease, feed, ... by turns. Answers lease value, version, state and age (ms) of each, empty where there is none. */
  lookAtFeeds: `${nowMs}
local found = {}
for i = 1, #KEYS, 2 do
  local feed = redis.call('HMGET', KEYS[i + 1], 'version', 'state', 'at')
  found[#found + 1] = redis.call('GET', KEYS[i]) or ''
  found[#found + 1] = feed[1] or ''
  found[#found + 1] = feed[2] or ''
  local at = tonumber(feed[3] or '')
  found[#found + 1] = at and string.format('%.0f', math.max(0, now - at)) or ''
end
return found`,

  /**
   * KEYS lease, feed, rows, changes; ARGV lease value, version, state, cluster, origin, changes (empty: not told), bound
   * of the history, how many rows, then key and row of each, then keys to remove. Answers nil if the lease is not held,
   * else the version before and the number of rows after.
   */
  writeRows: `${nowMs}${addEntry}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return nil end
local before = redis.call('HGET', KEYS[2], 'version') or ''
local last = 8 + 2 * ARGV[8]
if #ARGV > last then redis.call('HDEL', KEYS[3], unpack(ARGV, last + 1)) end
if last > 8 then redis.call('HSET', KEYS[3], unpack(ARGV, 9, last)) end
redis.call('HSET', KEYS[2], 'version', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[2], 'state', ARGV[3], 'at', string.format('%.0f', now)) end
if ARGV[6] ~= '' then
  add(KEYS[4], ARGV[7], '*', 'kind', 'rows', 'cluster', ARGV[4], 'origin', ARGV[5],
    'from', before, 'to', ARGV[2], 'changes', ARGV[6], 'state', ARGV[3])
end
return {before, redis.call('HLEN', KEYS[3])}`,

  /** KEYS lease, feed, rows; ARGV lease value. UNLINK: freeing 10,000 rows at once would stop Redis for everybody. */
  dropCluster: `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3]) end`,

  /** KEYS changes; ARGV bound, then fields and values of an entry. */
  addChange: `${addEntry}
add(KEYS[1], ARGV[1], '*', unpack(ARGV, 2))`,

  /**
   * KEYS changes; ARGV bound, a position (ms, number) that a reader has reached. Where the history ends before it, Redis
   * has lost some: notes that, with an id that is greater, so that ids go on growing. Answers the id of the last entry.
   */
  openChanges: `${nowMs}${addEntry}
local function lastId()
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  return last[1] and last[1][1] or '0-0'
end
local ms, number = string.match(lastId(), '^(%d+)-(%d+)$')
local reachedMs, reached = tonumber(ARGV[2]), tonumber(ARGV[3])
if tonumber(ms) < reachedMs or (tonumber(ms) == reachedMs and tonumber(number) < reached) then
  local id = string.format('%.0f-0', math.max(now, reachedMs + 1))
  add(KEYS[1], ARGV[1], id, 'kind', 'gap', 'reason', 'the store lost its history')
end
return lastId()`,
} as const;
