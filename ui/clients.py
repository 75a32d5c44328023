"""The clients that pages and API share: one connection pool a process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from jobs.access.api_keys import ApiKeys
from jobs.batches.client import BatchClient
from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.page_images import PageImages
from jobs.documents.repository import DocumentRepository
from jobs.models import IndexState, WorkerReport
from jobs.operations.client import Operations
from jobs.operations.failed_jobs import DeadLetters
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.pauses import Pause
from jobs.settings import Settings
from jobs.webhooks.client import Webhooks

# How old the conditions may be: every page asks for them, and they are the same for all.
FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Conditions:
    """What questions meet, whoever asks: the living workers, the index, and the paused queues."""

    workers: tuple[WorkerReport, ...]
    index: IndexState
    pauses: Mapping[str, Pause]

    def differ(self, other: Conditions) -> bool:
        """True if a page has something else to say of the one than of the other."""
        return self._said() != other._said()

    def _said(self) -> object:
        # Not when a worker was seen, nor what it runs, which change all the time.
        workers = {(each.problem, each.extractive, each.notes) for each in self.workers}
        return workers, self.index.needs_reindex, self.pauses.keys()


class _Kept:
    """The latest conditions, and when they were read; a thread that loses a race reads again."""

    def __init__(self) -> None:
        self.read_at = float("-inf")
        self.conditions: Conditions | None = None


@dataclass(frozen=True)
class Clients:
    """All that a page may talk to."""

    settings: Settings
    jobs: JobClient
    documents: DocumentClient
    dead_letters: DeadLetters
    batches: BatchClient
    pictures: PageImages
    operations: Operations
    keys: ApiKeys
    webhooks: Webhooks
    _kept: _Kept = field(default_factory=_Kept)

    def conditions(self) -> Conditions:
        """The conditions, up to `FRESH_SECONDS` old; raises BrokerUnavailableError."""
        kept = self._kept
        if kept.conditions is None or time.monotonic() - kept.read_at >= FRESH_SECONDS:
            kept.conditions = Conditions(
                tuple(self.jobs.workers()), self.documents.index_state(), self.operations.paused()
            )
            kept.read_at = time.monotonic()
        return kept.conditions


def build_clients(settings: Settings) -> Clients:
    """Clients for these settings. They connect on first use."""
    broker = Broker(connect(settings.broker_url), settings)
    store = FileStore(settings.document_store_url)
    register = DocumentRepository(broker.connection)
    documents = DocumentClient(broker, store, register)
    return Clients(
        settings,
        JobClient(broker),
        documents,
        dead_letters=DeadLetters(broker),
        batches=BatchClient(broker),
        pictures=PageImages(store),
        operations=Operations(broker),
        keys=ApiKeys(broker.connection),
        webhooks=Webhooks(broker),
    )


@lru_cache(maxsize=1)
def get_clients() -> Clients:
    """The clients of this process, from the environment."""
    return build_clients(Settings())
