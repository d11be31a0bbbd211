/**
 * What must happen in one step, as Lua. `job-records.ts` calls them; keys are in `cache/keys.ts`.
 *
 * A record is a hash:
 * - `record`: the `JobRecord`, JSON. Scripts never read it: Lua would turn `[]` into `{}`.
 * - `request`, `holder`: what makes a job equal to another; its field in `holders`.
 * - `version`: grows with every change, so that waiters can tell newer from older.
 * - `run`: grows with every worker that takes the job. Only the newest run may write: a worker that comes back from
 *   the dead is told `superseded`.
 * - `held`: 1 while a run is under way; still 1 when the next begins means that its process died: counted in `lost`.
 * - `ended`: 1 once ended. The first end stands.
 *
 * Some keys are built from a prefix and an id; all have the hash tag of the declared ones, so they lie on its node.
 */
export const jobScripts = {
  /** KEYS holders, open, record; ARGV id, record prefix, holder, record, request, now -> outcome, id, record of it */
  addJob: {
    numberOfKeys: 3,
    lua: `
local holder = redis.call('HGET', KEYS[1], ARGV[3])
if holder then
  local held = redis.call('HMGET', ARGV[2] .. holder, 'record', 'ended', 'request')
  -- A holder that has ended or is gone left its lock behind: it is taken over.
  if held[1] and not held[2] then
    return { held[3] == ARGV[5] and 'joined' or 'refused', holder, held[1] }
  end
end
if redis.call('EXISTS', KEYS[3]) == 1 then return { 'exists', ARGV[1], '' } end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[1])
redis.call('HSET', KEYS[3], 'record', ARGV[4], 'request', ARGV[5], 'holder', ARGV[3], 'version', 1, 'run', 0, 'lost', 0)
redis.call('ZADD', KEYS[2], ARGV[6], ARGV[1])
return { 'added', ARGV[1], ARGV[4] }`,
  },
  /** KEYS record, open; ARGV id -> 'gone' | 'ended' | 'run', run, lost, record */
  startJob: {
    numberOfKeys: 2,
    lua: `
local job = redis.call('HMGET', KEYS[1], 'record', 'ended', 'held', 'lost')
if not job[1] or job[2] then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return { job[1] and 'ended' or 'gone' }
end
local lost = tonumber(job[4] or '0')
if job[3] == '1' then lost = redis.call('HINCRBY', KEYS[1], 'lost', 1) end
redis.call('HSET', KEYS[1], 'held', 1)
return { 'run', redis.call('HINCRBY', KEYS[1], 'run', 1), lost, job[1] }`,
  },
  /** KEYS record, changes; ARGV id, run, record -> 'gone' | 'ended' | 'superseded' | 'written' */
  writeJob: {
    numberOfKeys: 2,
    lua: `
local job = redis.call('HMGET', KEYS[1], 'run', 'ended')
if not job[1] then return 'gone' end
if job[2] then return 'ended' end
if job[1] ~= ARGV[2] then return 'superseded' end
redis.call('HSET', KEYS[1], 'record', ARGV[3])
local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('PUBLISH', KEYS[2], ARGV[1] .. ' ' .. version .. ' ' .. ARGV[3])
return 'written'`,
  },
  /**
   * KEYS record, holders, open, ended, changes; ARGV id, run or '' for any, record, now, milliseconds to keep it,
   * number to keep, record prefix -> 'gone' | 'ended' | 'superseded' | 'written'
   */
  endJob: {
    numberOfKeys: 5,
    lua: `
local job = redis.call('HMGET', KEYS[1], 'run', 'ended', 'holder')
if not job[1] then return 'gone' end
if job[2] then return 'ended' end
if ARGV[2] ~= '' and job[1] ~= ARGV[2] then return 'superseded' end
redis.call('HSET', KEYS[1], 'record', ARGV[3], 'ended', 1)
redis.call('HDEL', KEYS[1], 'held')
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if redis.call('HGET', KEYS[2], job[3]) == ARGV[1] then redis.call('HDEL', KEYS[2], job[3]) end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', tonumber(ARGV[4]) - tonumber(ARGV[5]))
-- At most a few at a time: the end of a job must not stop Redis to clean up.
local over = math.min(redis.call('ZCARD', KEYS[4]) - tonumber(ARGV[6]), 100)
if over > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[4], over)
  for i = 1, #oldest, 2 do redis.call('DEL', ARGV[7] .. oldest[i]) end
end
local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('PUBLISH', KEYS[5], ARGV[1] .. ' ' .. version .. ' ' .. ARGV[3])
return 'written'`,
  },
  /** KEYS record; ARGV run. This run hands the job back: the next one is no takeover. */
  releaseJob: {
    numberOfKeys: 1,
    lua: `
if redis.call('HGET', KEYS[1], 'run') == ARGV[1] then redis.call('HDEL', KEYS[1], 'held') end`,
  },
  /** KEYS record, holders, open; ARGV id. Removes a record that cannot be read, with its lock. */
  discardJob: {
    numberOfKeys: 3,
    lua: `
local holder = redis.call('HGET', KEYS[1], 'holder')
if holder and redis.call('HGET', KEYS[2], holder) == ARGV[1] then redis.call('HDEL', KEYS[2], holder) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[3], ARGV[1])`,
  },
} as const;
