"""One hostile user: all that the limits allow, at the same time, until the process is ended.

    python -m benchmarks.hostile_user URL COOKIE FILE [ATTACK …]

Each attack is a loop of its own, of all or of those that are named. How often each was made, and
with which status it was answered, is written to FILE every second, as JSON. `benchmarks.hostile`
starts this.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from benchmarks.browsing import draw
from jobs.niceness import give_way
from tests.hostile import KINDS

# A program of somebody else runs on another machine: here it leaves the processors to the server.
NICENESS = 10
TIMEOUT_SECONDS = 60.0
# After a reply with 429 or 503: no program that wants to do harm waits for nothing.
REFUSED_SECONDS = 0.5
FOLLOWERS, WAITERS = 40, 50
ROWS, ROW_CHARS = 5000, 300
# Longer ones take a machine minutes to make, and are refused at the door.
MAX_BYTES = 50 * 2**20
PAGES = ("", "documents", "batch")

Tally = Counter[str]


class HostileUser:
    """The loops of one user. Each method makes one attack, and is called again and again."""

    def __init__(self, url: str, cookie: str, tally: Tally) -> None:
        self._host = url.removeprefix("http://")
        self._cookie = cookie
        self._tally = tally
        self._http = httpx.Client(
            base_url=f"{url}/api",
            headers={"Cookie": cookie},
            timeout=TIMEOUT_SECONDS,
            limits=httpx.Limits(max_connections=None),
        )
        self._chance = random.Random(1)
        self._jobs: list[str] = []
        self._batches: list[str] = []
        self._files = self._documents()
        self._making = threading.Lock()

    def loops(self) -> Iterator[tuple[Callable[[], object], int]]:
        """Yield each attack, and how many threads make it."""
        yield self.upload, 3
        yield self.add_and_delete, 1
        yield self.submit_batch, 2
        yield self.ask, 2
        yield self.stop_and_retry, 2
        yield self.follow, FOLLOWERS + 5
        yield self.wait, WAITERS
        yield self.list_jobs, 3
        yield self.list_documents, 2
        yield self.export, 2
        yield self.open_page, 3

    def upload(self) -> None:
        """A broken, large or poisonous file, which is deleted at once if it was taken."""
        with self._making:
            name, data = next(self._files)
        added = self._call("upload", "POST", "/documents", files={"file": (name, data)})
        if added.is_success:
            time.sleep(self._chance.random() * 5)  # some of them are being read by then
            self._call("delete", "DELETE", f"/documents/{added.json()['id']}")

    def add_and_delete(self) -> None:
        """A small document that is deleted before anybody reads it."""
        text = f"{self._chance.random()} is a number.\n" * 200
        added = self._call("upload", "POST", "/documents", files={"file": ("a.txt", text)})
        if added.is_success:
            self._call("delete", "DELETE", f"/documents/{added.json()['id']}")

    def submit_batch(self) -> None:
        """As many rows as there may be, each of them new."""
        salt = self._chance.random()
        rows = "".join(f"{salt} {row} {'x' * ROW_CHARS}?\n" for row in range(ROWS))
        sent = self._call(
            "batch",
            "POST",
            "/batches",
            content=f"Question\n{rows}",
            headers={"Content-Type": "text/csv"},
        )
        if sent.is_success:
            self._batches.append(sent.json()["id"])
        elif self._batches:
            self._call("batch deleted", "DELETE", f"/batches/{self._batches.pop(0)}")

    def ask(self) -> None:
        """A long question, to which the model says what it says."""
        query = f"{self._chance.random()} " + "why | " * 600
        asked = self._call("question", "POST", "/chat", json={"query": query, "cache": False})
        if asked.is_success:
            self._jobs.append(asked.json()["job_id"])

    def stop_and_retry(self) -> None:
        job = self._job()
        self._call("stop", "POST", f"/jobs/{job}/stop")
        self._call("retry", "POST", f"/jobs/{job}/retry")

    def follow(self) -> None:
        """Follow an answer to its end."""
        with self._http.stream("GET", f"/jobs/{self._job()}/events") as reply:
            self._count("follow", reply)
            for _ in reply.iter_raw():
                pass

    def wait(self) -> None:
        self._call("wait", "GET", f"/result/{self._job()}?wait=30")

    def list_jobs(self) -> None:
        search = self._chance.choice(("", "why", "e", "nothing"))
        self._call("list", "GET", "/jobs", params={"limit": 200, "search": search})

    def list_documents(self) -> None:
        self._call("documents", "GET", "/documents", params={"limit": 500})

    def export(self) -> None:
        if self._batches and self._chance.random() < 0.7:
            kind = self._chance.choice(("csv", "xlsx", "json"))
            batch = self._chance.choice(self._batches)
            self._call("results", "GET", f"/batches/{batch}/results", params={"format": kind})
        else:
            kind = self._chance.choice(("pdf", "docx"))
            self._call("file", "GET", f"/jobs/{self._job()}/file", params={"format": kind})

    def open_page(self) -> None:
        """A page in a session of its own, with one of the hostile answers."""
        draw(self._host, self._cookie, self._chance.choice(PAGES), f"job={self._job()}")
        self._tally["page"] += 1

    def _job(self) -> str:
        while not self._jobs:
            time.sleep(0.1)
        return self._chance.choice(self._jobs[-20:])

    def _documents(self) -> Iterator[tuple[str, bytes]]:
        made = ((kind.name, kind.make()) for kind in KINDS if "200 MB" not in kind.title)
        files = [(name, data) for name, data in made if len(data) <= MAX_BYTES]
        while True:
            for name, data in files:
                # The same content again would be the same document.
                yield name, data + str(self._chance.random()).encode()

    def _call(self, what: str, method: str, path: str, **more: object) -> httpx.Response:
        reply = self._http.request(method, path, **more)  # type: ignore[arg-type]
        self._count(what, reply)
        return reply

    def _count(self, what: str, reply: httpx.Response) -> None:
        self._tally[f"{what} {reply.status_code}"] += 1
        if reply.status_code in (429, 503):
            time.sleep(REFUSED_SECONDS)


def repeat(attack: Callable[[], object], tally: Tally) -> None:
    """Attack for good; what breaks is counted, as a program that wants to do harm goes on."""
    while True:
        try:
            attack()
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            tally[f"{attack.__name__}: {type(error).__name__}"] += 1


def main() -> None:
    url, cookie, path, *names = sys.argv[1:]
    give_way(NICENESS)
    tally: Tally = Counter()
    user = HostileUser(url, cookie, tally)
    for attack, threads in user.loops():
        if names and attack.__name__ not in names:
            continue
        for _ in range(threads):
            threading.Thread(target=repeat, args=(attack, tally), daemon=True).start()
    written = Path(f"{path}.new")
    while True:
        time.sleep(1)
        written.write_text(json.dumps(dict(tally)))
        written.replace(path)  # whoever reads it finds all of it


if __name__ == "__main__":
    main()
