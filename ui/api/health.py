"""Liveness and readiness, for load balancers and monitoring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from jobs.errors import AskqueueError, BrokerUnavailableError, DocumentStoreUnavailableError
from jobs.models import Failure, WorkerReport
from jobs.settings import QUEUE_NAMES
from ui.api.dependencies import AppClients
from ui.api.errors import RETRY_LATER, ErrorDetail, detail_of

# Probes give up after a few seconds; a host that does not answer would hold one for longer.
PATIENCE_SECONDS = 3.0

T = TypeVar("T")

router = APIRouter(tags=["service"])


class Readiness(StrEnum):
    READY = "ready"
    DEGRADED = "degraded"  # it serves, but something is missing
    UNAVAILABLE = "unavailable"


class ServiceStatus(BaseModel):
    status: str = "Server is up and running"
    service: str = "RAG Query API"


class Alive(BaseModel):
    status: str = "alive"


class Dependency(BaseModel):
    ok: bool
    error: ErrorDetail | None = Field(None, description="What is wrong and what to do.")


class Workers(Dependency):
    alive: int = Field(0, description="Worker processes that reported in the last 10 seconds.")
    queues: dict[str, int] = Field(
        {},
        description="Number of threads that serve each queue.",
        examples=[{"questions": 16, "batch": 4}],
    )


class Ready(BaseModel):
    """The dependencies of the service. `index` is as reported by the workers, who alone use it."""

    status: Readiness
    valkey: Dependency
    workers: Workers
    index: Dependency
    documents: Dependency
    error: ErrorDetail | None = Field(None, description="With 503: why it cannot serve.")


@router.get("/")
def read_root() -> ServiceStatus:
    """Say that the API is up."""
    return ServiceStatus()


@router.get("/health")
async def read_health() -> Alive:
    """Answer while this process is alive; no dependency is checked. Restart it without a reply."""
    return Alive()


@router.get(
    "/ready",
    response_model_exclude_none=True,
    responses={
        503: {"model": Ready, "description": "It cannot serve: the job queue is unavailable"}
    },
)
async def read_ready(response: Response, clients: AppClients) -> Ready:
    """Return the state of all dependencies; 503 if the service should get no requests.

    With `degraded`, questions are accepted and kept; `error` says what is missing.
    """
    reports = await _asked(clients.jobs.workers, BrokerUnavailableError())
    store = await _asked(clients.documents.check_store, DocumentStoreUnavailableError())
    ready = _ready(reports, store)
    if ready.status is Readiness.UNAVAILABLE:
        response.status_code = 503
        response.headers.update(RETRY_LATER)
    return ready


async def _asked(question: Callable[[], T], silence: AskqueueError) -> T | AskqueueError:
    """Return the reply of a dependency, or its error; `silence` if there is no reply in time."""
    with anyio.move_on_after(PATIENCE_SECONDS):
        try:
            return await anyio.to_thread.run_sync(question, abandon_on_cancel=True)
        except AskqueueError as error:
            return error
    return silence


def _ready(reports: list[WorkerReport] | AskqueueError, store: AskqueueError | None) -> Ready:
    documents = _dependency(store.failure if store else None)
    if isinstance(reports, AskqueueError):
        valkey, unknown = _dependency(reports.failure), Dependency(ok=False)
        return Ready(
            status=Readiness.UNAVAILABLE,
            error=valkey.error,
            valkey=valkey,
            workers=Workers(ok=False),
            index=unknown,
            documents=documents,
        )
    workers = _workers(reports)
    problem = next((report.problem for report in reports if report.problem), None)
    index = _dependency(problem) if reports else Dependency(ok=False)
    is_whole = workers.ok and index.ok and documents.ok
    return Ready(
        status=Readiness.READY if is_whole else Readiness.DEGRADED,
        valkey=Dependency(ok=True),
        workers=workers,
        index=index,
        documents=documents,
    )


def _workers(reports: list[WorkerReport]) -> Workers:
    threads: Counter[str] = Counter()
    for report in reports:
        # a worker of a version that reports no threads has at least one for each queue
        threads.update(report.threads_by_queue or dict.fromkeys(report.queues, 1))
    unserved = [name for name in QUEUE_NAMES if not threads[name]]
    error = None
    if unserved:
        error = ErrorDetail(
            kind="no_worker",
            message=f"No worker serves: {', '.join(unserved)}. What waits there is kept; start a "
            "worker with threads for it, see WORKER_THREADS.",
        )
    return Workers(ok=not unserved, error=error, alive=len(reports), queues=dict(threads))


def _dependency(problem: Failure | None) -> Dependency:
    if problem is None:
        return Dependency(ok=True)
    return Dependency(ok=False, error=detail_of(problem))
