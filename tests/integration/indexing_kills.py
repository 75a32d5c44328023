"""Documents indexed by a worker that is killed at random moments, and what is in the index then.

Not a test itself; `benchmarks/indexing_kills.py` does more of the same.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import psutil
import qdrant_edge as edge
import redis

from jobs.documents.embedding_progress import EMBEDDING_CLAIM_SECONDS, EmbeddingProgress
from jobs.llm.embeddings import build_embedder
from jobs.models import Document, DocumentStatus
from jobs.queue.keys import embedding_key
from jobs.search.edge_engine import EdgeEngine
from jobs.search.index import PassageIndex, build_index
from jobs.search.points import DENSE
from jobs.settings import INDEXING_QUEUE, Settings
from tests.integration.stack import Stack, stack_of
from tests.preloaded import PreloadedProcess
from tests.waiting import until

OVER = (DocumentStatus.INDEXED, DocumentStatus.FAILED)
SYLLABLES = ("bra", "cor", "del", "fen", "gal", "hul", "jor", "kel", "lum", "mor", "nov", "pel")
WORDS = "the supplier delivers pallets of frozen goods on time to every warehouse in the region"
SENTENCES = 5
# Passages are stored in batches of 128: these have two.
LONGEST, EVERY_LONG, EVERY_MAIL = 150, 12, 8
MAX_SECTIONS = 8
USERS = 10
READING, EMBEDDING, WRITING, VECTORS, ENDING = (
    "reading",
    "embedding",
    "writing",
    "vectors",
    "ending",
)
UNPACKING, BEGINNING, IDLE = "unpacking", "beginning", "idle"
STAGES = {
    "extracting": READING,
    "unpacking": UNPACKING,
    "embedding": EMBEDDING,
    "storing": WRITING,
}
ANY = ""
# The stage that the killer waits for, and the most seconds from there to its moment. Some lives are
# longer: they take up again what the others lost.
MOMENTS = ((ANY, 1.0), (ANY, 1.0), (ANY, 1.0), (WRITING, 0.05), (VECTORS, 0.5), (READING, 0.3))
EVERY_LONG_LIFE, LONG_LIFE = 6, (ANY, 10.0)


@dataclass
class Outcome:
    """What became of the documents, and when the worker was killed.

    `points` are id, payload and vector of all that the index holds at the end. `struck` counts the
    documents that were being indexed, by the number of kills that did.
    """

    documents: dict[str, Document] = field(default_factory=dict)
    points: dict[str, tuple[Mapping[str, Any], tuple[float, ...]]] = field(default_factory=dict)
    stages: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    not_found: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def faults(self, undisturbed: Outcome) -> Iterator[str]:
        """Say in which ways this differs from documents whose worker was left alone."""
        for id_, document in undisturbed.documents.items():
            found = self.documents.get(id_)
            if found is None:
                yield f"{document.name} is gone"
            elif found.status is not DocumentStatus.INDEXED:
                why = found.failure.message if found.failure else ""
                yield f"{document.name} is {found.status}: {why}"
            elif (found.passages, found.to_embed) != (document.passages, 0):
                yield f"{document.name} has {found.passages} passages, {found.to_embed} to embed"
        for id_ in self.documents.keys() - undisturbed.documents.keys():
            yield f"{self.documents[id_].name} came from nowhere"
        for what, ids in (
            ("missing", undisturbed.points.keys() - self.points.keys()),
            ("left over", self.points.keys() - undisturbed.points.keys()),
            ("another", {i for i in self.points if self.points[i] != undisturbed.points.get(i)}),
        ):
            if ids:
                yield f"{len(ids)} passages are {what}"
        yield from (f"{name} is not found" for name in self.not_found)


def documents(count: int, longest: int) -> Iterator[tuple[str, bytes]]:
    """Make documents: some with many passages, some mails with a document in them."""
    for number in range(count):
        if number % EVERY_LONG == 2:
            yield f"{name_of(number)}.md", _text(number, longest)
        elif number % EVERY_MAIL == 1:
            mail = EmailMessage()
            mail["Subject"] = f"The contract of {name_of(number)}"
            mail.set_content("Please find the contract attached.")
            within = _text(number, 1 + number % MAX_SECTIONS)
            name = f"{name_of(number)}.md"
            mail.add_attachment(within, maintype="text", subtype="markdown", filename=name)
            mail.set_boundary("=boundary=")
            yield f"mail-of-{name_of(number)}.eml", bytes(mail)
        else:
            yield f"{name_of(number)}.md", _text(number, 1 + number % MAX_SECTIONS)


def name_of(number: int) -> str:
    """Return a word that is in one passage of one document, and in its name."""
    size = len(SYLLABLES)
    parts = (number // size**2 % size, number // size % size, number % size)
    return "".join(SYLLABLES[part] for part in parts).capitalize()


def _text(number: int, sections: int) -> bytes:
    dice = random.Random(number)
    words = WORDS.split()
    parts = [f"# The contract of {name_of(number)}\n"]
    for section in range(sections):
        said = [" ".join(dice.sample(words, len(words))).capitalize() for _ in range(SENTENCES)]
        parts.append(f"## Clause {section}\n\n{'. '.join(said)}.\n")
    return "\n".join(parts).encode()


class Killings:
    """A stack whose worker is killed again and again while documents come."""

    def __init__(self, settings: Settings, connection: redis.Redis, stack: Stack) -> None:
        self._settings = settings
        self._connection = connection
        self._stack = stack
        self._progress = EmbeddingProgress(connection)
        self._queue = stack.broker.queues[INDEXING_QUEUE]
        self._seen: set[bytes] = set()
        self._outcome = Outcome()

    def run(self, count: int, longest: int, kills: int, dice: random.Random) -> Outcome:
        """Add so many documents while the worker is killed so often; wait for their end."""
        coming = documents(count, longest)
        for number in range(kills):
            self._add(coming, -(-2 * count // kills))
            self._live_and_die(number, dice)
        self._add(coming, count)
        began = time.monotonic()
        worker = self._stack.spawn_worker()
        until(self._is_over, "the end of indexing")
        self._outcome.seconds = time.monotonic() - began
        worker.terminate()
        worker.wait()
        self._look()
        return self._outcome

    def _add(self, coming: Iterator[tuple[str, bytes]], count: int) -> None:
        for number, (name, data) in zip(range(count), coming, strict=False):
            self._stack.documents.add(f"user{number % USERS}", name, data)

    def _live_and_die(self, number: int, dice: random.Random) -> None:
        is_long = number % EVERY_LONG_LIFE == EVERY_LONG_LIFE - 1
        stage, most = LONG_LIFE if is_long else dice.choice(MOMENTS)
        seconds = dice.uniform(0.0, most)
        began = time.monotonic()
        worker = self._stack.spawn_worker()
        until(lambda: self._has_come_to(stage, began) or self._is_over(), stage)
        time.sleep(seconds)
        _kill_all(worker)
        found = self._stages(began)
        self._outcome.stages.update(found or [IDLE])
        self._outcome.struck.update(self._begun().values())
        self._seen |= self._executions()

    def _has_come_to(self, stage: str, began: float) -> bool:
        stages = self._stages(began)
        return stage in stages if stage else bool(stages)

    def _stages(self, began: float) -> list[str]:
        """What the worker that began then is doing, or was when it was killed."""
        stages = []
        for document_id in self._begun().values():
            document = self._stack.documents.get(document_id)
            if document.status is DocumentStatus.INDEXED:
                stages.append(ENDING)
            else:
                stages.append(STAGES.get(document.stage.partition(" ")[0], BEGINNING))
        lived = (time.monotonic() - began) * 1000
        for document_id in self._progress.waiting():
            left = self._connection.pttl(embedding_key(document_id))
            if left > 0 and EMBEDDING_CLAIM_SECONDS * 1000 - left < lived:
                stages.append(VECTORS)
        return stages

    def _executions(self) -> set[bytes]:
        return {*self._connection.zrange(self._queue.started_job_registry.key, 0, -1)}

    def _begun(self) -> dict[bytes, str]:
        """The documents that are being indexed, or were by the worker that was killed last."""
        begun = {}
        for entry in self._executions() - self._seen:
            job = self._stack.broker.fetch(entry.decode().partition(":")[0])
            if job.args:
                begun[entry] = str(job.args[0])
        return begun

    def _is_over(self) -> bool:
        if self._queue.count or self._progress.waiting() or self._executions():
            return False
        return all(each.status in OVER for each in self._stack.documents.list_all())

    def _look(self) -> None:
        """Read what the index holds, and search for each document."""
        outcome = self._outcome
        outcome.documents = {each.id: each for each in self._stack.documents.list_all()}
        with closing(build_index(self._settings, build_embedder(self._settings))) as index:
            collection = index.target_collection
            outcome.points = points_in(index, collection)
            for document in outcome.documents.values():
                name = document.name.partition(".")[0].rpartition("-")[2]
                best = index.search(f"What does the contract of {name} say?", 1, collection)
                if not best or name not in best[0].document_name:
                    outcome.not_found.append(document.name)


def points_in(
    index: PassageIndex, collection: str
) -> dict[str, tuple[Mapping[str, Any], tuple[float, ...]]]:
    """Return id, payload and vector of all passages in an embedded index."""
    engine = index._engine
    assert isinstance(engine, EdgeEngine)
    with engine._shard(collection).use() as shard:
        records, _ = shard.scroll(
            edge.ScrollRequest(limit=1_000_000, with_payload=True, with_vector=[DENSE])
        )
    return {
        str(each.id): (each.payload, tuple((each.vector or {}).get(DENSE, ()))) for each in records
    }


def _kill_all(worker: PreloadedProcess) -> None:
    """Kill a worker, and what it has started, in one moment."""
    process = psutil.Process(worker.pid)
    process.suspend()
    children = process.children(recursive=True)
    process.kill()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    worker.wait()


def outcome_of(
    settings: Settings,
    connection: redis.Redis,
    *,
    count: int,
    kills: int,
    longest: int = LONGEST,
    seed: int = 1,
) -> Outcome:
    """Index documents in an empty installation, with a worker that is killed so often."""
    connection.flushall()
    shutil.rmtree(settings.data_dir, ignore_errors=True)
    values = {"LOCAL_EMBEDDING_MODEL": "", "WORKER_THREADS": "questions:1,indexing:2"}
    with stack_of(settings, connection, **values) as stack:
        killings = Killings(settings, connection, stack)
        return killings.run(count, longest, kills, random.Random(seed))
