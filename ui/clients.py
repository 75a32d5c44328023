"""The clients that pages and API share, with one connection pool for each process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from jobs.access.api_keys import ApiKeys
from jobs.access.sign_in_brake import SignInBrake
from jobs.batches.client import BatchClient
from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.page_images import PageImages
from jobs.documents.repository import DocumentRepository
from jobs.glossary.store import GlossaryStore
from jobs.models import IndexState, WorkerReport
from jobs.operations.client import Operations
from jobs.operations.failed_jobs import DeadLetters
from jobs.question_sets.client import QuestionSets
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.pauses import Pause
from jobs.settings import Settings
from jobs.webhooks.client import Webhooks

# How old the conditions may be: every page reads them, and they are the same for all.
FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Conditions:
    """What affects every question: the live workers, the index, and the paused queues."""

    workers: tuple[WorkerReport, ...]
    index: IndexState
    pauses: Mapping[str, Pause]

    def differ(self, other: Conditions) -> bool:
        """Return whether a page shows the two differently."""
        return self._shown() != other._shown()

    def _shown(self) -> object:
        # Without what changes all the time: when a worker was last seen, and what it runs.
        workers = {(worker.problem, worker.extractive, worker.notes) for worker in self.workers}
        return workers, self.index.needs_reindex, self.pauses.keys()


class _ConditionsCache:
    """The latest conditions, and when they were read. Threads may read them twice in a race."""

    def __init__(self) -> None:
        self.read_at = float("-inf")
        self.conditions: Conditions | None = None


@dataclass(frozen=True)
class Clients:
    """Everything that pages and API may talk to."""

    settings: Settings
    jobs: JobClient
    documents: DocumentClient
    dead_letters: DeadLetters
    batches: BatchClient
    pictures: PageImages
    operations: Operations
    keys: ApiKeys
    webhooks: Webhooks
    glossary: GlossaryStore
    question_sets: QuestionSets
    sign_ins: SignInBrake = field(default_factory=SignInBrake)
    _cache: _ConditionsCache = field(default_factory=_ConditionsCache)

    def conditions(self) -> Conditions:
        """Return the conditions, at most `FRESH_SECONDS` old; raises BrokerUnavailableError."""
        cache = self._cache
        if cache.conditions is None or time.monotonic() - cache.read_at >= FRESH_SECONDS:
            cache.conditions = Conditions(
                tuple(self.jobs.workers()), self.documents.index_state(), self.operations.paused()
            )
            cache.read_at = time.monotonic()
        return cache.conditions


def build_clients(settings: Settings) -> Clients:
    """Build the clients for these settings. They connect on first use."""
    broker = Broker(connect(settings.broker_url), settings)
    store = FileStore(settings.document_store_url)
    register = DocumentRepository(broker.connection)
    documents = DocumentClient(broker, store, register)
    jobs, batches = JobClient(broker), BatchClient(broker)
    return Clients(
        settings,
        jobs,
        documents,
        dead_letters=DeadLetters(broker),
        batches=batches,
        pictures=PageImages(store),
        operations=Operations(broker),
        keys=ApiKeys(broker.connection),
        webhooks=Webhooks(broker),
        glossary=GlossaryStore(broker.connection),
        question_sets=QuestionSets(broker, jobs, batches),
    )


@lru_cache(maxsize=1)
def get_clients() -> Clients:
    """Return the clients of this process, with settings from the environment, read once."""
    return build_clients(Settings())
