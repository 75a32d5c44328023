"""Urgent questions, and their order on the queue: they go first, but not all the time.

Their owner's limits hold for them as for others: `USER_CONCURRENCY`, where they are the first of
the owner's to get a place, and `URGENT_PER_MINUTE`. RQ's own `at_front` would turn their order
round, and could keep the rest waiting for ever. So they join the queue like all others, and each
time that one joins it, or that a question begins, those that are there are put in order.
"""

from __future__ import annotations

import time

import redis
from redis.client import Pipeline
from rq import Queue
from rq.job import Job

from jobs.queue.keys import URGENT_KEY, URGENT_ROW_KEY
from jobs.queue.rq_internals import RateLimitRegistry

# After so many urgent questions in a row, one that is not goes next, if there is one.
MOST_IN_A_ROW = 3
# Of those of one user that wait for a place, the urgent ones come as if they had been asked so
# much earlier (32 years), in their own order.
EARLIER_SECONDS = 1e9
# How long a row is remembered: a queue that has rested for so long begins a new one.
ROW_SECONDS = 600

# New ids are pushed before old ones are removed, so that a script that is refused half way, by a
# full memory, loses none. Popped questions, which begin in this moment, count as begun.
# KEYS: urgent questions by when they became so, queue, popped ones, how many urgent ones began in a
# row. ARGV: beginning of the keys of RQ's jobs, most in a row, TTL of the row, id of the question
# that begins now, or "". Returns how many were moved.
ARRANGE = """
local urgent, is_urgent = redis.call('ZRANGE', KEYS[1], 0, -1), {}
if #urgent == 0 then return 0 end
for _, id in ipairs(urgent) do is_urgent[id] = true end

local row, begun = tonumber(redis.call('GET', KEYS[4]) or '0'), ARGV[4]
if begun ~= '' then
    row = is_urgent[begun] and row + 1 or 0
    redis.call('SET', KEYS[4], row, 'EX', ARGV[3])
end
for _, id in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
    if id ~= begun then row = is_urgent[id] and row + 1 or 0 end
end

local queue, there, others = redis.call('LRANGE', KEYS[2], 0, -1), {}, {}
for _, id in ipairs(queue) do
    if is_urgent[id] then there[id] = true else others[#others + 1] = id end
end
local alive = {queued = true, rate_limited = true, scheduled = true, started = true}
local front, next_other = {}, 1
for _, id in ipairs(urgent) do
    if there[id] then
        if row >= tonumber(ARGV[2]) and others[next_other] then
            front[#front + 1] = others[next_other]
            next_other, row = next_other + 1, 0
        end
        front[#front + 1] = id
        row = row + 1
    elseif not alive[redis.call('HGET', ARGV[1] .. id, 'status') or ''] then
        redis.call('ZREM', KEYS[1], id)
    end
end

local same = true
for place, id in ipairs(front) do same = same and queue[place] == id end
if same then return 0 end
for place = #front, 1, -1 do redis.call('LPUSH', KEYS[2], front[place]) end
for _, id in ipairs(front) do redis.call('LREM', KEYS[2], -1, id) end
return #front
"""


def mark(pipeline: Pipeline, queue: Queue, job: Job) -> None:
    """Make a waiting question urgent, as part of a transition, see `jobs.queue.transitions`."""
    now = time.time()
    pipeline.zadd(URGENT_KEY, {job.id: now}, nx=True)
    if job.rate_limit_key:
        waiting = RateLimitRegistry.from_job(job).rate_limited_key
        pipeline.zadd(waiting, {job.id: now - EARLIER_SECONDS}, xx=True)
    arrange(pipeline, queue)


def arrange(connection: redis.Redis, queue: Queue, begun: str = "") -> None:
    """Put the urgent questions on the queue where they belong; `begun` is one that begins now.

    On a connection or, as part of a change, on a pipeline.
    """
    keys = [URGENT_KEY, queue.key, queue.intermediate_queue_key, URGENT_ROW_KEY]
    connection.eval(ARRANGE, len(keys), *keys, Job.key_for(""), MOST_IN_A_ROW, ROW_SECONDS, begun)


def forget(pipeline: Pipeline, job_id: str) -> None:
    """Say that a question is urgent no more. One that is over goes when the next one begins."""
    pipeline.zrem(URGENT_KEY, job_id)
