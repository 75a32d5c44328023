"""The steps that Valkey takes at once for the register of documents, as scripts in Lua."""

from __future__ import annotations

from jobs.queue.keys import DOCUMENTS_VERSION_KEY, storage_key

# The end of each script that changes what `jobs.documents.fingerprints` is of. A version is the
# time of the change: a number would come again after a crash of Valkey that lost the last writes.
CHANGED = f"""
local now = redis.call('TIME')
redis.call('SET', '{DOCUMENTS_VERSION_KEY}', now[1] .. '.' .. now[2])
return 1
"""

_BEFORE, _AFTER = storage_key("\n").split("\n")
# Keeps the count of what a user takes up, where there is one, see `jobs.documents.quota`.
COUNT = f"""
local function count(entry, sign)
    local user, size = unpack(redis.call('HMGET', entry, 'added_by', 'size'))
    local storage = '{_BEFORE}' .. (user or '') .. '{_AFTER}'
    if redis.call('EXISTS', storage) == 1 then
        redis.call('HINCRBY', storage, 'bytes', sign * tonumber(size or 0))
        redis.call('HINCRBY', storage, 'documents', sign)
    end
end
"""

# In these scripts, "documents" are two keys: all of its kind, shared or private, and all of its
# owner. Of a shared document they are one and the same.
# KEYS: entry, documents, deleted documents, loose files. ARGV: id, time, then field, value, …
ADD_IF_NEW = (
    COUNT
    + """
redis.call('ZREM', KEYS[5], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
redis.call('SREM', KEYS[4], ARGV[1])
count(KEYS[1], 1)
"""
    + CHANGED
)

# KEYS: entry, documents, deleted documents, loose files. ARGV: id, time, what stands before and
# after a user in the key of their deletions, its TTL.
DELETE = (
    COUNT
    + """
local was_there = redis.call('EXISTS', KEYS[1])
if was_there == 1 then
    count(KEYS[1], -1)
    local user = redis.call('HGET', KEYS[1], 'added_by') or ''
    local deletions = ARGV[3] .. user .. ARGV[4]
    redis.call('ZADD', deletions, ARGV[2], ARGV[1])
    redis.call('EXPIRE', deletions, ARGV[5])
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[1])
redis.call('ZADD', KEYS[5], ARGV[2], ARGV[1])
"""
    + CHANGED.replace("return 1", "return was_there")
)

# KEYS: entry, documents. ARGV: id, time.
RENEW = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'added_at', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
return 1
"""

# Looks and removes in one step: a document that was added again in between stays.
# KEYS: entry, documents, deleted documents, loose files. ARGV: id, limit, time, who adds samples.
EXPIRE = (
    COUNT
    + """
local added_at = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not added_at or tonumber(added_at) > tonumber(ARGV[2]) then return 0 end
if redis.call('HGET', KEYS[1], 'added_by') == ARGV[4] then return 0 end
count(KEYS[1], -1)
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[1])
redis.call('ZADD', KEYS[5], ARGV[3], ARGV[1])
"""
    + CHANGED
)

# A file that is taken counts as loose from now: if removing it fails, it is taken again later.
# KEYS: entry, loose files. ARGV: id, limit, time.
TAKE_LOOSE = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('ZREM', KEYS[2], ARGV[1]) return 0 end
local since = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not since or tonumber(since) > tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

# KEYS: index. ARGV: collection. Returns the one that answers from now on.
ACTIVATE_FIRST = """
local active = redis.call('HGET', KEYS[1], 'active')
if active and active ~= '' then return active end
redis.call('HSET', KEYS[1], 'active', ARGV[1])
return ARGV[1]
"""

# Write the fields only if the entry is still there: a deleted document must not come back.
# KEYS: entry. ARGV: field, value, …
UPDATE_IF_THERE = (
    """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
"""
    + CHANGED
)


# The same for a document whose passages are to get vectors, which is noted.
# KEYS: entry, unembedded. ARGV: id, time, then field, value, …
UPDATE_UNEMBEDDED = (
    """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('ZADD', KEYS[2], 'NX', ARGV[2], ARGV[1])
"""
    + CHANGED
)

# Show a failed document as queued, if this is the job that failed with it.
# KEYS: entry. ARGV: job id, then field, value, …
QUEUE_AGAIN = (
    """
local status, job = unpack(redis.call('HMGET', KEYS[1], 'status', 'job_id'))
if status ~= 'failed' or job ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
"""
    + CHANGED
)
