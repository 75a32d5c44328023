"""The steady load: questions over HTTP, each asked again as a new one until one is accepted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from tests.chaos.model import tag_of

# Enough for all that comes due while web is away.
THREADS = 32
WAIT_SECONDS = 0.3
# Longer than web may wait for Valkey.
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class Accepted:
    """A question that the API said is queued. `at` is when it said so, in Unix seconds."""

    job_id: str
    tag: str
    at: float


class Load:
    """Asks until `count` questions are accepted, spread evenly over `seconds`."""

    def __init__(self, url: str, seed: int, count: int, seconds: float) -> None:
        self.accepted: list[Accepted] = []
        self.refusals: Counter[str] = Counter()
        self._url, self._seed, self._count, self._seconds = url, seed, count, seconds
        self._asked = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ask no more, whatever was accepted so far."""
        self._stopping.set()
        self._thread.join(2 * TIMEOUT_SECONDS)

    def _run(self) -> None:
        began = time.monotonic()
        with (
            httpx.Client(base_url=self._url, timeout=TIMEOUT_SECONDS) as http,
            ThreadPoolExecutor(THREADS) as pool,
        ):
            for number in range(self._count):
                due = began + number * self._seconds / self._count
                if self._stopping.wait(max(0.0, due - time.monotonic())):
                    break
                pool.submit(self._ask, http)

    def _ask(self, http: httpx.Client) -> None:
        while not self._stopping.is_set():
            tag = self._next_tag()
            refusal = self._post(http, tag)
            if not refusal:
                return
            with self._lock:
                self.refusals[refusal] += 1
            self._stopping.wait(WAIT_SECONDS)

    def _post(self, http: httpx.Client, tag: str) -> str:
        """Ask one question; why it was not accepted, or "" if it was."""
        question = f"What is the hotel limit per night? {tag}"
        try:
            # No cookie is kept: the user is `api`.
            reply = http.post("/api/chat", json={"query": question})
        except httpx.HTTPError as error:
            return type(error).__name__
        if reply.status_code != 202:
            return str(reply.status_code)
        with self._lock:
            self.accepted.append(Accepted(reply.json()["job_id"], tag, time.time()))
        return ""

    def _next_tag(self) -> str:
        with self._lock:
            self._asked += 1
            return tag_of(self._seed, self._asked)
