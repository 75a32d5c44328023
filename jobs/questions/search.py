"""Which questions a user has: found by words, filters and order, and read a page at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import redis
from rq.job import Job

from jobs.models import JobPage, JobState, JobView
from jobs.questions.query import JobOrder, JobQuery
from jobs.questions.repository import STATES, read_job, to_view
from jobs.queue.broker import Broker
from jobs.queue.keys import job_key, queue_key, user_jobs_key
from jobs.settings import QUESTIONS_QUEUE

# The questions that one script looks at. Valkey serves nobody else meanwhile: for 2 to 3.5 ms where
# words are looked for in answers of 2,000 characters, else about 1 ms, see benchmarks/listing.py.
# Between two of them it serves whoever waits. All scripts are one round trip, and 10,000 questions
# take 75 ms at most, so there is no limit of depth.
CHUNK = 500

# The ids of those that match, and what they are ordered by, each in one line of text: a reply of
# thousands of values takes longer to read than to find. SORT that sorts nothing looks up fields of
# many hashes in one command; a command for each hash would take three times as long.
# KEYS: the user's index. ARGV: first rank, number of ranks; the beginnings of the keys of RQ's
# hashes and of the records; the statuses that match as ",queued,started,", or ""; the times asked
# from and before, or ""; document, or ""; "wait", "run" or ""; the time now; words.
FIND = """
local rq, record, statuses = ARGV[3], ARGV[4], ARGV[5]
local from, before, document = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
local order, now, first_word = ARGV[9], tonumber(ARGV[10]), 11
local has_words = #ARGV >= first_word

local sort = {'SORT_RO', KEYS[1], 'BY', 'nosort', 'DESC', 'LIMIT', ARGV[1], ARGV[2], 'GET', '#'}
local place, width = {}, 1
local function read(hash, ...)
    for _, field in ipairs({...}) do
        sort[#sort + 1] = 'GET'
        sort[#sort + 1] = hash .. '*->' .. field
        place[field], width = width, width + 1
    end
end
read(rq, 'status')
if order ~= '' then read(rq, 'started_at', 'ended_at') end
if order == 'wait' or from or before then read(record, 'asked_at', 'queued_at') end
if document ~= '' then read(record, 'cited') end
if has_words then read(record, 'folded', 'said', 'question', 'preview') end

-- RQ's time, such as 2026-01-31T12:00:00.123456Z, as Unix seconds. The days are counted from the
-- first of March, so that a leap day is the last of its year.
local midnights = {}
local function midnight(day)
    local y, m, d = string.match(day, '^(%d+)-(%d+)-(%d+)$')
    y, m = tonumber(y), tonumber(m)
    if m < 3 then y, m = y - 1, m + 12 end
    local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
        + math.floor((153 * (m - 3) + 2) / 5) + d - 719469
    midnights[day] = days * 86400
    return midnights[day]
end
local function seconds(text)
    if not text or text == '' then return nil end
    local day, sub = string.sub(text, 1, 10), string.sub
    return (midnights[day] or midnight(day)) + sub(text, 12, 13) * 3600 + sub(text, 15, 16) * 60
        + sub(text, 18, -2)
end

local over = {finished = true, failed = true, stopped = true, canceled = true}

-- The seconds of the wait, or of the latest attempt, so far if it is not over; -1 without one.
local function measure(get)
    local is_over, started = over[get('status')], seconds(get('started_at'))
    if order == 'run' then
        local ended = is_over and seconds(get('ended_at')) or get('status') == 'started' and now
        return started and ended and math.max(0, ended - started) or -1
    end
    if not started and is_over then return -1 end
    local queued = tonumber(get('queued_at') or get('asked_at'))
    return queued and math.max(0, (started or now) - queued) or -1
end

local function says_all(get)
    local asked = get('folded') or string.lower(get('question') or '')
    local said = get('said') or string.lower(get('preview') or '')
    for index = first_word, #ARGV do
        if not string.find(asked, ARGV[index], 1, true)
            and not string.find(said, ARGV[index], 1, true) then return false end
    end
    return true
end

local function fits(get)
    local status = get('status')
    if not status then return false end
    if statuses ~= '' and not string.find(statuses, ',' .. status .. ',', 1, true) then
        return false
    end
    if from or before then
        local asked = tonumber(get('asked_at') or '')
        if not asked or (from and asked < from) or (before and asked >= before) then
            return false
        end
    end
    if document ~= '' and not string.find(get('cited') or '', document, 1, true) then
        return false
    end
    return not has_words or says_all(get)
end

local values = redis.call(unpack(sort))
local base = 1
local function get(field) return values[base + place[field]] end
local ids, measures = {}, {}
while base <= #values do
    if fits(get) then
        ids[#ids + 1] = values[base]
        if order ~= '' then measures[#measures + 1] = string.format('%.3f', measure(get)) end
    end
    base = base + width
end
return {table.concat(ids, ' '), table.concat(measures, ' ')}
"""
MEASURES = {JobOrder.LONGEST_WAIT: "wait", JobOrder.LONGEST_RUN: "run"}


class JobSearch:
    """The questions of one user. Raises what redis raises."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection: redis.Redis = broker.connection

    def page(self, user: str, query: JobQuery, offset: int, limit: int) -> JobPage:
        """One page of those that match.

        At most 3 round trips where nothing is filtered or measured, 4 otherwise.
        """
        if query.reads_all:
            found = self.find(user, query)
            return JobPage(tuple(self.read(user, found[offset : offset + limit])), len(found))
        pipeline = self._connection.pipeline(transaction=False)
        key, oldest = user_jobs_key(user), self._oldest_kept()
        pipeline.zcount(key, oldest, "+inf")
        if query.order is JobOrder.OLDEST:
            pipeline.zrangebyscore(key, oldest, "+inf", start=offset, num=limit)
        else:
            pipeline.zrevrangebyscore(key, "+inf", oldest, start=offset, num=limit)
        total, ids = pipeline.execute()
        return JobPage(tuple(self.read(user, [job_id.decode() for job_id in ids])), total)

    def count(self, user: str) -> int:
        return self._connection.zcount(user_jobs_key(user), self._oldest_kept(), "+inf")

    def find(self, user: str, query: JobQuery) -> list[str]:
        """The ids of all that match, in the order asked for; two round trips.

        A question that is asked, retried or deleted meanwhile may hide another: those at the
        edges of a chunk. Records from before there were words of answers are found by their
        question, the first line of their answer, and capital letters of ASCII.
        """
        # No question has a place in the index from before it was asked.
        key, oldest = user_jobs_key(user), max(self._oldest_kept(), query.asked_from or 0.0)
        count = self._connection.zcount(key, oldest, "+inf")
        pipeline = self._connection.pipeline(transaction=False)
        arguments = self._arguments(query)
        for start in range(0, count, CHUNK):
            pipeline.eval_ro(FIND, 1, key, start, min(CHUNK, count - start), *arguments)
        found: dict[str, float] = {}
        for ids, values in pipeline.execute() if count else []:
            names = ids.decode().split()
            measured = [float(value) for value in values.split()] or [0.0] * len(names)
            found.update(zip(names, measured, strict=True))
        if query.order is JobOrder.OLDEST:
            return list(reversed(found))
        return sorted(found, key=lambda job_id: -found[job_id])  # newest first among equals

    def read(self, user: str, job_ids: Sequence[str]) -> list[JobView]:
        """Those of these questions that are there, in this order; at most two round trips."""
        pipeline = self._connection.pipeline(transaction=False)
        for job_id in job_ids:
            read_job(pipeline, job_id)
        replies = pipeline.execute() if job_ids else []
        views = (
            to_view(job_id, replies[2 * index], replies[2 * index + 1])
            for index, job_id in enumerate(job_ids)
        )
        return self._with_positions([view for view in views if view and view.user == user])

    def _arguments(self, query: JobQuery) -> list[str | float]:
        """What the script takes after the ranks."""
        statuses = [status.value for status, state in STATES.items() if state in query.states]
        times = (query.asked_from, query.asked_until)
        return [
            Job.key_for(""),
            job_key(""),
            f",{','.join(statuses)}," if statuses else "",
            *("" if moment is None else repr(moment) for moment in times),
            f" {query.document_id} " if query.document_id else "",
            MEASURES.get(query.order, ""),
            time.time(),
            *query.words,
        ]

    def _oldest_kept(self) -> float:
        """What was asked before has left; its place in the index goes with the next question."""
        return time.time() - self._broker.settings.retention_seconds

    def _with_positions(self, views: list[JobView]) -> list[JobView]:
        queued = [view.id for view in views if view.state is JobState.QUEUED]
        if not queued:
            return views
        pipeline = self._connection.pipeline(transaction=False)
        for job_id in queued:
            pipeline.lpos(queue_key(QUESTIONS_QUEUE), job_id)
        positions = dict(zip(queued, pipeline.execute(), strict=True))
        return [with_position(view, positions.get(view.id)) for view in views]


def with_position(view: JobView, index: int | None) -> JobView:
    """The job with its place in the queue, from the index there; only a queued one has a place."""
    if view.state is not JobState.QUEUED or index is None:
        return view
    return replace(view, position=index + 1)
