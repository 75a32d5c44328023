"""Watches every accepted question from the outside, through Valkey and through web."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

import httpx
import redis
from rq.results import Result

from jobs.errors import AskqueueError, NotFoundError
from jobs.models import JobState, JobView, LiveText
from jobs.questions.client import JobClient
from tests.chaos.cluster import Cluster
from tests.chaos.load import Accepted

USER = "api"
LOOK_SECONDS = 0.2
HTTP_TIMEOUT_SECONDS = 3.0
HTTP_READS = 2  # in each turn, of questions picked at random
MOST_JOBS = 2000
UNKNOWN = "unknown"  # the state of a job that nobody knows


@dataclass(frozen=True)
class Change:
    """A state as it was first seen. `at` is in Unix seconds."""

    at: float
    state: str
    attempt: int


@dataclass
class History:
    """What was seen of one accepted question, and how it stands at the end.

    `texts` has each different answer once. The fields below it are known only at the end.
    """

    accepted: Accepted
    changes: list[Change] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    failure: str = ""
    live_text: str = ""
    live_attempt: int = 0
    successes: int = 0  # results in RQ's stream

    @property
    def state(self) -> str:
        return self.changes[-1].state if self.changes else ""

    @property
    def attempts(self) -> int:
        return max((change.attempt for change in self.changes), default=0)

    @property
    def is_over(self) -> bool:
        return is_over(self.state)

    @property
    def over_at(self) -> float | None:
        """When it was first seen to be over."""
        return next((change.at for change in self.changes if is_over(change.state)), None)

    def see(self, state: str, attempt: int, at: float) -> bool:
        """Note a state if it is another; True if so."""
        if self.state == state and self.changes[-1].attempt >= attempt:
            return False
        self.changes.append(Change(at, state, max(attempt, self.attempts)))
        return True

    def read(self, text: str | None) -> None:
        if text is not None and text not in self.texts:
            self.texts.append(text)


def is_over(state: str) -> bool:
    return state in [state.value for state in JobState if state.is_over]


class Observer:
    """Looks at all accepted questions again and again; what is away is looked at later."""

    def __init__(self, cluster: Cluster, accepted: Callable[[], Sequence[Accepted]]) -> None:
        self.histories: dict[str, History] = {}
        self.unconfirmed: dict[str, str] = {}
        self._jobs, self._valkey = cluster.jobs, cluster.valkey
        self._accepted = accepted
        self._http = httpx.Client(base_url=cluster.url, timeout=HTTP_TIMEOUT_SECONDS)
        self._stopping = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Look no more; raises what ended the looking before its time."""
        self._stopping.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self._http.close()

    @property
    def all_over(self) -> bool:
        """True if every accepted question was seen to be over."""
        accepted = list(self._accepted())
        return all(
            item.job_id in self.histories and self.histories[item.job_id].is_over
            for item in accepted
        )

    def look(self) -> None:
        """One look at all questions. Raises AskqueueError while Valkey is away."""
        accepted = list(self._accepted())  # first: what is accepted later may not be listed
        page = self._jobs.list_jobs(USER, limit=MOST_JOBS)
        at, views = time.time(), {view.id: view for view in page.jobs}
        for item in accepted:
            self._note(item, views.pop(item.job_id, None), at)
        # Asked, but the reply was lost; or accepted since.
        self.unconfirmed = {job_id: view.state.value for job_id, view in views.items()}

    def look_through_web(self, histories: Iterable[History]) -> None:
        """Read these through the API. Raises httpx.HTTPError while web is away."""
        for history in histories:
            reply = self._http.get(f"/api/job-status/{history.accepted.job_id}")
            if reply.status_code == 404:
                history.see(UNKNOWN, 0, time.time())
            elif reply.is_success:
                status = reply.json()
                history.see(status["status"], status["attempt"], time.time())
                history.read(status.get("result"))

    def finish(self) -> list[History]:
        """Read everything for the last time, with all processes at work; in order of asking."""
        self.look()
        histories = list(self.histories.values())
        self.look_through_web(histories)
        for history in histories:
            job_id = history.accepted.job_id
            try:
                _read_end(self._jobs, self._valkey, history)
            except NotFoundError:
                history.see(UNKNOWN, 0, time.time())
            self.unconfirmed.pop(job_id, None)
        return histories

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.look()
                histories = list(self.histories.values())
                some = random.sample(histories, min(HTTP_READS, len(histories)))
                self.look_through_web(some)
            except (AskqueueError, httpx.HTTPError):
                continue  # an outage; those are what the run is about
            except Exception as error:  # for the main thread: see `stop`
                self._error = error
                return

    def _note(self, item: Accepted, view: JobView | None, at: float) -> None:
        history = self.histories.setdefault(item.job_id, History(item))
        if view is None:
            history.see(UNKNOWN, 0, at)
        elif history.see(view.state.value, view.attempt, at):
            if view.failure is not None:
                history.failure = view.failure.kind
            if view.state is JobState.FINISHED:
                answer = self._jobs.get_answer(USER, item.job_id)
                history.read(answer.text if answer else None)


def _read_end(jobs: JobClient, valkey: redis.Redis, history: History) -> None:
    """Read the answer, the live text from its start, and RQ's results of one question."""
    job_id = history.accepted.job_id
    answer = jobs.get_answer(USER, job_id)
    history.read(answer.text if answer else None)
    live, last_id = LiveText(job_id), ""
    while live.last_id != last_id:
        last_id = live.last_id
        _, live = jobs.read_live(USER, live)
    history.live_text, history.live_attempt = live.text.strip(), live.attempt
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", valkey.xrange(f"rq:results:{job_id}"))
    successful = str(Result.Type.SUCCESSFUL.value).encode()
    history.successes = sum(fields[b"type"] == successful for _, fields in entries)
