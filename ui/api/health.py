"""Whether the API lives, and whether it can serve: for load balancers and watchers."""

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

# Probes give up after a second or a few; a host that does not answer at all would hold one longer.
PATIENCE_SECONDS = 3.0

T = TypeVar("T")

router = APIRouter(tags=["service"])


class Readiness(StrEnum):
    READY = "ready"
    DEGRADED = "degraded"  # it serves, and something is missing
    UNAVAILABLE = "unavailable"


class ServiceStatus(BaseModel):
    status: str = "Server is up and running"
    service: str = "RAG Query API"


class Alive(BaseModel):
    status: str = "alive"


class Dependency(BaseModel):
    ok: bool
    error: ErrorDetail | None = Field(None, description="What is wrong, and what to do.")


class Workers(Dependency):
    alive: int = Field(0, description="Worker processes that reported in the last 10 seconds.")
    queues: dict[str, int] = Field(
        {}, description="Queue to threads that serve it.", examples=[{"questions": 16, "batch": 4}]
    )


class Ready(BaseModel):
    """What the service stands on. `index` is as the workers report it: they alone use it."""

    status: Readiness
    valkey: Dependency
    workers: Workers
    index: Dependency
    documents: Dependency
    error: ErrorDetail | None = Field(None, description="Why it cannot serve, with 503.")


@router.get("/")
def read_root() -> ServiceStatus:
    """Say that the API is up."""
    return ServiceStatus()


@router.get("/health")
async def read_health() -> Alive:
    """Whether this process answers; nothing else is asked. Restart it if it does not."""
    return Alive()


@router.get(
    "/ready",
    response_model_exclude_none=True,
    responses={503: {"model": Ready, "description": "It cannot serve: the job queue is away"}},
)
async def read_ready(response: Response, clients: AppClients) -> Ready:
    """What the service stands on. 503 if it cannot serve; send nobody here then.

    With `degraded`, questions are accepted and kept, and what is missing says so.
    """
    reports = await _asked(clients.jobs.workers, BrokerUnavailableError())
    store = await _asked(clients.documents.check_store, DocumentStoreUnavailableError())
    ready = _ready(reports, store)
    if ready.status is Readiness.UNAVAILABLE:
        response.status_code = 503
        response.headers.update(RETRY_LATER)
    return ready


async def _asked(question: Callable[[], T], silence: AskqueueError) -> T | AskqueueError:
    """What a dependency says, or what is wrong with it; `silence` if it says nothing in time."""
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
        # a worker of before the threads were told has at least one for each queue
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
