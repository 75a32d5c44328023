"""Following one job as it goes: its stages and text, each once, and how it ended.

For programs, over asyncio: a follower costs one connection to Valkey and no thread. A follower that
was cut off says where it was, and goes on there.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, cast

import anyio
import redis.asyncio
import redis.exceptions

from jobs.access.api_keys import ApiKey
from jobs.errors import (
    AskqueueError,
    BrokerUnavailableError,
    InvalidCursorError,
    NotFoundError,
    WrongKeyError,
)
from jobs.models import Answer, JobState, JobView, LiveText, Stage
from jobs.questions.client import EVENTS_PER_READ, JobClient
from jobs.questions.event_stream import Entry, apply_events
from jobs.questions.repository import read_job, to_view
from jobs.questions.search import with_position
from jobs.questions.wait_reason import Waiting
from jobs.queue.keys import api_keys_key, events_key, queue_key
from jobs.queue.rq_internals import results_key
from jobs.settings import QUESTIONS_QUEUE

# A job that is stopped or deleted wakes nobody, so the job itself is read this often.
LOOK_SECONDS = 1.0
# What comes within this time of the last read is sent together: a word more or less at a time makes
# no difference to a reader, and much to a server with hundreds of followers.
GATHER_SECONDS = 0.1
HEARTBEAT_SECONDS = 10.0
AWAY_SECONDS = 1.0
POSITION = re.compile(r"(\d{1,19}-\d{1,19})\.(\d{1,9})\.(\d{1,9})(\.whole)?(\.over)?", re.ASCII)


class EventKind(StrEnum):
    """What a follower is told. Of the last three, one comes, and ends it."""

    STATUS = "status"  # of the job, as it is now
    STAGE = "stage"
    TEXT = "text"  # what comes after the text before it
    RESTARTED = "restarted"  # the text so far does not count; mostly, as a newer attempt begins
    BEAT = "beat"  # nothing happened for a while
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_end(self) -> bool:
        return self in ENDS.values()


ENDS = {
    JobState.FINISHED: EventKind.FINISHED,
    JobState.FAILED: EventKind.FAILED,
    JobState.STOPPED: EventKind.STOPPED,
}


@dataclass(frozen=True)
class Position:
    """Behind which event a follower is: its id in the stream, its attempt, its number in that.

    `whole` says that the text was sent in one piece, because the stream was gone or had none;
    `over`, that the end was told.
    """

    last_id: str = "0-0"
    attempt: int = 0
    number: int = 0
    whole: bool = False
    over: bool = False

    def __str__(self) -> str:
        flags = ".whole" * self.whole + ".over" * self.over
        return f"{self.last_id}.{self.attempt}.{self.number}{flags}"

    @classmethod
    def of(cls, text: str) -> Position:
        """The inverse of `str`; raises InvalidCursorError."""
        found = POSITION.fullmatch(text)
        if found is None:
            raise InvalidCursorError("This Last-Event-ID is not one of ours. Begin without one.")
        last_id, attempt, number, whole, over = found.groups()
        return cls(last_id, int(attempt), int(number), bool(whole), bool(over))


@dataclass(frozen=True)
class JobEvent:
    """One event. `position` is None where the next event must be behind the same place.

    `parts` come with the stage of the search, where a question is searched for in parts.
    `view` is the job with a status or an end. It is None if there is nothing more to follow for
    this caller: `error` says why, and the job may go on. `waiting` is what a job waits for whose
    status this is.
    """

    kind: EventKind
    position: Position | None = None
    attempt: int = 0
    stage: Stage = Stage.WAITING
    parts: tuple[str, ...] = ()
    text: str = ""
    view: JobView | None = None
    waiting: Waiting | None = None
    answer: Answer | None = None
    error: AskqueueError | None = None


class JobFollower:
    """Followers of jobs. Each call names the user: another's job is NotFoundError."""

    def __init__(self, broker_url: str, client: JobClient) -> None:
        self._url = broker_url
        self._client = client

    async def follow(
        self, user: str, job_id: str, position: Position, *, key: ApiKey | None = None
    ) -> AsyncGenerator[JobEvent]:
        """What happens from this position on, until the job has ended. It waits out an outage.

        If it is followed with an API key, it ends with the key too, within `LOOK_SECONDS` or so.
        Close the iterator, or its connection stays open until it is collected.
        """
        # Of its own: a connection belongs to the event loop that made it, and waits in a read.
        link = redis.asyncio.Redis.from_url(self._url)
        try:
            follower = _Follower(link, self._client, user, job_id, position, key)
            async with aclosing(follower.run()) as events:
                async for event in events:
                    yield event
        finally:
            with anyio.CancelScope(shield=True):  # or who goes away leaves it behind
                await link.aclose()


class _Follower:
    """One follower: what it was told, and when it last read what."""

    def __init__(
        self,
        link: redis.asyncio.Redis,
        client: JobClient,
        user: str,
        job_id: str,
        position: Position,
        key: ApiKey | None,
    ) -> None:
        self._link, self._client = link, client
        self._user, self._job_id = user, job_id
        self._position = position
        self._key = key
        self._has_text = False
        self._told: tuple[Any, ...] = ()
        self._last_result = "0-0"

    async def run(self) -> AsyncGenerator[JobEvent]:
        told_at = time.monotonic()
        while True:
            try:
                async for event in self._turn():
                    told_at = time.monotonic()
                    yield event
                    if event.kind.is_end:
                        return
            except (NotFoundError, WrongKeyError) as error:
                yield JobEvent(EventKind.FAILED, attempt=self._position.attempt, error=error)
                return
            except (redis.exceptions.RedisError, BrokerUnavailableError, OSError):
                await asyncio.sleep(AWAY_SECONDS)
            if time.monotonic() - told_at >= HEARTBEAT_SECONDS:
                told_at = time.monotonic()
                yield JobEvent(EventKind.BEAT)

    async def _turn(self) -> AsyncIterator[JobEvent]:
        """Look at the job once, then hand on what comes until it is time to look again."""
        view, entries = await self._look()
        for event in self._unfold(entries):
            yield event
        if view.state.is_over:
            if len(entries) < EVENTS_PER_READ:
                async for event in self._end(view):
                    yield event
            return
        waiting = await asyncio.to_thread(self._client.why_waiting, view)
        if self._told != (now := (view.state, view.attempt, waiting)):
            self._told = now
            yield JobEvent(EventKind.STATUS, attempt=view.attempt, view=view, waiting=waiting)
        look_at = time.monotonic() + LOOK_SECONDS
        while (left := look_at - time.monotonic()) > 0:
            entries, has_result = await self._wait(left)
            for event in self._unfold(entries):
                yield event
            if has_result:
                return
            await asyncio.sleep(GATHER_SECONDS)

    async def _look(self) -> tuple[JobView, list[Entry]]:
        """Return the job, and what is new of it; raises NotFoundError and WrongKeyError."""
        pipeline = self._link.pipeline(transaction=False)
        # they queue commands, which both kinds of pipeline do alike
        read_job(pipeline, self._job_id)  # type: ignore[arg-type]
        pipeline.xrevrange(self._results_key, count=1)
        key, last_id = events_key(self._job_id), self._position.last_id
        pipeline.xrange(key, f"({last_id}", "+", count=EVENTS_PER_READ)
        pipeline.lpos(queue_key(QUESTIONS_QUEUE), self._job_id)
        if self._key is not None:
            pipeline.hexists(api_keys_key(self._key.user), self._key.id)
        rq_values, record_values, results, entries, index, *alive = await pipeline.execute()
        if self._key is not None and (not alive[0] or self._key.is_expired(time.time())):
            raise WrongKeyError()
        view = to_view(self._job_id, rq_values, record_values)
        if view is None or view.user != self._user:
            raise NotFoundError()
        self._last_result = results[0][0].decode() if results else "0-0"
        return with_position(view, index), entries

    async def _wait(self, seconds: float) -> tuple[list[Entry], bool]:
        """New events, or none after these seconds, and whether an attempt brought a result."""
        events, results = events_key(self._job_id), self._results_key
        streams: dict[Any, Any] = {events: self._position.last_id, results: self._last_result}
        block_ms = max(1, int(seconds * 1000))
        reply = await self._link.xread(streams, count=EVENTS_PER_READ, block=block_ms)
        found = dict(cast("list[tuple[bytes, list[Entry]]]", reply or []))
        return found.get(events.encode(), []), results.encode() in found

    def _unfold(self, entries: Iterable[Entry]) -> Iterable[JobEvent]:
        """The events that these entries stand for, and the position behind each."""
        for entry in entries:
            before = self._position
            live = LiveText(
                self._job_id, before.attempt, last_id=before.last_id, number=before.number
            )
            after = apply_events(live, [entry])
            is_news = (after.attempt, after.number) != (before.attempt, before.number)
            takes_back = b"r" in entry[1] and is_news
            if after.attempt > before.attempt > 0:
                self._has_text = False
                yield JobEvent(EventKind.RESTARTED, attempt=after.attempt)
            self._position = Position(after.last_id, after.attempt, after.number)
            event = JobEvent(EventKind.TEXT, self._position, after.attempt, text=after.text)
            if after.text:
                self._has_text = True
                yield event
            elif takes_back:
                self._has_text = False
                yield replace(event, kind=EventKind.RESTARTED)
            elif is_news:
                yield replace(event, kind=EventKind.STAGE, stage=after.stage, parts=after.in_parts)

    async def _end(self, view: JobView) -> AsyncIterator[JobEvent]:
        """The text, if it was not sent piece by piece, and the end."""
        answer: Answer | None = None
        if view.state is JobState.FINISHED:
            answer = await asyncio.to_thread(self._client.get_answer, self._user, self._job_id)
        if not self._has_whole_text(view):
            stream = cast("list[Entry]", await self._link.xrange(events_key(self._job_id)))
            was_sent = bool(apply_events(LiveText(self._job_id), stream).text)
            text = "" if was_sent else await asyncio.to_thread(self._text, answer)
            if text:
                if self._position.number and not stream:
                    yield JobEvent(EventKind.RESTARTED, attempt=view.attempt)
                self._position = replace(self._position, attempt=view.attempt, whole=True)
                yield JobEvent(EventKind.TEXT, self._position, view.attempt, text=text)
        end = replace(self._position, attempt=view.attempt, over=True)
        yield JobEvent(ENDS[view.state], end, view.attempt, view=view, answer=answer)

    def _has_whole_text(self, view: JobView) -> bool:
        """True if it was sent: piece by piece by this follower, or in one piece before a cut."""
        return self._has_text or (self._position.whole and self._position.attempt == view.attempt)

    def _text(self, answer: Answer | None) -> str:
        if answer is not None:
            return answer.text
        return self._client.get_partial_text(self._user, self._job_id)

    @property
    def _results_key(self) -> str:
        return results_key(self._job_id)
