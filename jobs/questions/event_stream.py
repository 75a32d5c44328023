"""The live events of one job over a Valkey stream: stages, and text in batches.

The stream is for watching only. Whether a job is over is for its RQ status to say.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

import redis
from redis.typing import EncodableT, FieldT

from jobs.models import LiveText, Stage
from jobs.queue.keys import events_key

# People read about 5 words a second: 20 updates a second look continuous, at a tenth of the
# writes of one event per token.
FLUSH_SECONDS = 0.05
# A stream outlives its job by this much, for pages that are still reading it.
AFTERLIFE_SECONDS = 3600
RUNNING_TTL_SECONDS = 24 * 3600
MAX_EVENTS = 20_000

Entry = tuple[bytes, Mapping[bytes, bytes]]


class EventWriter:
    """Appends the events of one attempt. Not thread-safe: one attempt runs on one thread.

    A server that is away or full costs nobody an answer: unsent text stays in the buffer and goes
    out with the next flush that succeeds.
    """

    def __init__(self, connection: redis.Redis, job_id: str, attempt: int) -> None:
        self._connection = connection
        self._key = events_key(job_id)
        self._attempt = attempt
        self._unsent: list[dict[FieldT, EncodableT]] = []
        self._buffer: list[str] = []
        self._flushed_at = 0.0
        self._has_ttl = False
        self._number = 0

    def stage(self, stage: Stage) -> None:
        """Announce a stage, at once."""
        self._collect_text()
        self._note("s", stage.value)
        self.flush()

    def parts(self, parts: Sequence[str]) -> None:
        """Announce the search, and the parts that a question is searched for in, at once."""
        self._collect_text()
        self._note("s", Stage.RETRIEVING.value)
        self._unsent[-1]["p"] = json.dumps(list(parts))
        self.flush()

    def text(self, text: str) -> None:
        """Add text; it is sent with the first flush that is due."""
        self._buffer.append(text)
        self.flush_if_due()

    def take_back(self) -> None:
        """Drop the text so far, also that which was sent."""
        self._buffer.clear()
        self._note("r", "1")
        self.flush()

    def flush_if_due(self) -> None:
        """Send what is buffered if the last flush was `FLUSH_SECONDS` ago."""
        if self._buffer and time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Send everything now, in one round trip."""
        self._collect_text()
        if not self._unsent:
            return
        try:
            # One event to a stream that is there: nearly always, with half the work of a pipeline.
            if not (self._has_ttl and len(self._unsent) == 1 and self._append(self._unsent[0])):
                with self._connection.pipeline() as pipeline:
                    for event in self._unsent:
                        pipeline.xadd(self._key, event, maxlen=MAX_EVENTS, approximate=True)
                    pipeline.expire(self._key, RUNNING_TTL_SECONDS)
                    pipeline.execute()
                self._has_ttl = True
        except redis.exceptions.RedisError:
            return  # away, or full: still in `_unsent`
        self._unsent.clear()
        self._flushed_at = time.monotonic()

    def _append(self, event: dict[FieldT, EncodableT]) -> bool:
        """Add to the stream; False if it is gone: a new one would have no TTL."""
        entry_id = self._connection.xadd(
            self._key, event, maxlen=MAX_EVENTS, approximate=True, nomkstream=True
        )
        return entry_id is not None

    def close(self) -> None:
        """Send the rest and let the stream expire."""
        self.flush()
        try:
            self._connection.expire(self._key, AFTERLIFE_SECONDS)
        except redis.exceptions.RedisError:
            return  # it still has the TTL of a running job

    def _collect_text(self) -> None:
        if self._buffer:
            self._note("t", "".join(self._buffer))
            self._buffer.clear()

    def _note(self, field: str, value: str) -> None:
        self._number += 1
        self._unsent.append({"a": self._attempt, "n": self._number, field: value})


def read_text(connection: redis.Redis, job_id: str) -> str:
    """The text that the latest attempt has sent so far."""
    entries = cast("list[Entry]", connection.xrange(events_key(job_id)))
    return apply_events(LiveText(job_id), entries).text


def apply_events(live: LiveText, entries: Iterable[Entry]) -> LiveText:
    """Add stream entries, in order, to what was read before.

    The first event of a newer attempt drops the text of the older one, and an event can take back
    the text before it. Events of an older attempt that arrive late are ignored, and an event that
    was sent twice because the reply to the first got lost.
    """
    attempt, stage, parts, last_id = live.attempt, live.stage, [live.text], live.last_id
    restarted, number, in_parts = live.restarted, live.number, live.in_parts
    for entry_id, fields in entries:
        last_id = entry_id.decode()
        entry_attempt = int(fields.get(b"a", b"0"))
        if entry_attempt < attempt:
            continue
        if entry_attempt > attempt:
            restarted = restarted or any(parts)
            attempt, parts, number, in_parts = entry_attempt, [], 0, ()
        entry_number = int(fields.get(b"n", number + 1))
        if entry_number <= number:
            continue
        number = entry_number
        if b"r" in fields:
            parts = []
        if b"s" in fields:
            stage = Stage(fields[b"s"].decode())
        if b"p" in fields:
            in_parts = tuple(json.loads(fields[b"p"]))
        if b"t" in fields:
            parts.append(fields[b"t"].decode())
    return replace(
        live,
        attempt=attempt,
        stage=stage,
        text="".join(parts),
        last_id=last_id,
        number=number,
        restarted=restarted,
        in_parts=in_parts,
    )
