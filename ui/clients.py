"""The clients that pages and API share: one connection pool a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from jobs.batches import BatchClient
from jobs.broker import Broker, connect
from jobs.client import JobClient
from jobs.dead_letters import DeadLetters
from jobs.documents import DocumentClient
from jobs.register import DocumentRegister
from jobs.settings import Settings
from jobs.store import DocumentStore


@dataclass(frozen=True)
class Clients:
    """All that a page may talk to."""

    settings: Settings
    jobs: JobClient
    documents: DocumentClient
    dead_letters: DeadLetters
    batches: BatchClient


def build_clients(settings: Settings) -> Clients:
    """Clients for these settings. They connect on first use."""
    broker = Broker(connect(settings.broker_url), settings)
    store = DocumentStore(settings.document_store_url)
    register = DocumentRegister(broker.connection)
    documents = DocumentClient(broker, store, register)
    return Clients(
        settings,
        JobClient(broker),
        documents,
        dead_letters=DeadLetters(broker),
        batches=BatchClient(broker),
    )


@lru_cache(maxsize=1)
def get_clients() -> Clients:
    """The clients of this process, from the environment."""
    return build_clients(Settings())
