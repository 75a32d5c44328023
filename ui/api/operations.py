"""The part of the HTTP API for operating the queues: metrics, queue states, pausing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from jobs.operations.client import Operations, QueueState
from jobs.operations.prometheus import CONTENT_TYPE, exposition
from jobs.settings import Settings
from ui.api.guards import refuse_other_sites, require_operator, settings
from ui.api.models import ERRORS
from ui.clients import get_clients


class QueueInfo(BaseModel):
    name: str = Field(examples=["questions"])
    waiting: int
    oldest_seconds: float | None = Field(description="Of what waits; null if nothing does.")
    running: int
    retrying: int
    failed: int
    paused: bool
    paused_by: str = ""
    paused_at: datetime | None = None


class Queues(BaseModel):
    queues: list[QueueInfo]


class PauseChange(BaseModel):
    paused: bool = Field(description="What the queue is now.")
    changed: bool = Field(description="False if it was so before.")


def operations() -> Operations:
    return get_clients().operations


Ops = Annotated[Operations, Depends(operations)]

router = APIRouter(
    dependencies=[Depends(require_operator)],
    responses={
        401: ERRORS[401],
        403: {**ERRORS[403], "description": "No password is set, or a page of another site asks"},
        503: ERRORS[503],
    },
    tags=["operators"],
)


@router.get("/metrics", response_class=Response)
def read_metrics(ops: Ops) -> Response:
    """Everything that is counted, in the text format of Prometheus."""
    return Response(exposition(ops.overview(), ops.totals()), media_type=CONTENT_TYPE)


@router.get("/operator/queues")
def list_queues(ops: Ops) -> Queues:
    """What waits and runs on each queue, and which are paused by whom."""
    return Queues(queues=[_info(state) for state in ops.overview().queues])


@router.post(
    "/operator/queues/{name}/pause",
    dependencies=[Depends(refuse_other_sites)],
    responses={404: {**ERRORS[404], "description": "Unknown queue"}},
)
def pause_queue(
    name: str, ops: Ops, settings: Annotated[Settings, Depends(settings)]
) -> PauseChange:
    """Have workers take nothing new from a queue; what runs finishes, what waits is kept."""
    return PauseChange(paused=True, changed=ops.pause(name, settings.dashboard_username))


@router.post(
    "/operator/queues/{name}/resume",
    dependencies=[Depends(refuse_other_sites)],
    responses={404: {**ERRORS[404], "description": "Unknown queue"}},
)
def resume_queue(
    name: str, ops: Ops, settings: Annotated[Settings, Depends(settings)]
) -> PauseChange:
    """Let workers take from a queue again."""
    return PauseChange(paused=False, changed=ops.resume(name, settings.dashboard_username))


def _info(state: QueueState) -> QueueInfo:
    pause = state.pause
    return QueueInfo(
        name=state.name,
        waiting=state.waiting,
        oldest_seconds=state.oldest_seconds,
        running=state.running,
        retrying=state.retrying,
        failed=state.failed,
        paused=pause is not None,
        paused_by=pause.by if pause else "",
        paused_at=datetime.fromtimestamp(pause.since, UTC) if pause else None,
    )
