"""Follow a job over HTTP: server-sent events that a caller can resume after a disconnect."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Response
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel

from jobs.errors import NotFoundError
from jobs.questions.follower import EventKind, JobEvent, Position
from ui.api.dependencies import AppClients, GivenKey, Reader, Turns, turn_of
from ui.api.errors import ERRORS, Error, ErrorDetail
from ui.api.models import result_of, status_of
from ui.api.streams import SSE_HEADERS, SSE_TYPE, ClosingStream, Follower, limit_followers

RETRY_MS = 1000
EXAMPLE = """\
event: status
data: {"job_id":"9f1c…","status":"queued","created_at":"2026-01-31T12:00:00Z","position":3,
data: "waiting":{"reason":"queue","message":"2 ahead of you","ahead":2}}

event: stage
data: {"attempt":1,"stage":"generating"}
id: 1769860800123-0.1.2

event: text
data: {"attempt":1,"text":"The limit is 160"}
id: 1769860800456-0.1.3

event: finished
data: {"job_id":"9f1c…","status":"completed","result":"The limit is 160 [1].", …}
id: 1769860800456-0.1.3.over
"""
DESCRIPTION = """\
Follow a job as server-sent events. `status`: the job, at first and whenever its state changes or
what it waits for. `stage`: what the attempt is doing. `text`: the next piece of the answer.
`restarted`: discard the text so far; a new attempt begins, or it was the model's thoughts. The last
event is `finished`, `failed` or `stopped`, with the same data as `GET /result`; its text is the
final, checked one. If the job was deleted, or your API key has ended, `failed` has only an error. A
comment is sent after 10 seconds of silence.

After a disconnect, connect again with the last `id` as `Last-Event-ID`: no event is sent twice.
After the end, the reply is 204, which tells a browser's EventSource to stop.
"""

router = APIRouter(tags=["jobs"])


class StageData(BaseModel):
    attempt: int
    stage: str
    parts: list[str] | None = None


class TextData(BaseModel):
    attempt: int
    text: str


class RestartData(BaseModel):
    attempt: int


@router.get(
    "/jobs/{job_id}/events",
    response_class=Response,
    dependencies=[Depends(limit_followers)],
    description=DESCRIPTION,
    responses={
        200: {"content": {SSE_TYPE: {"schema": {"type": "string"}, "example": EXAMPLE}}},
        204: {"description": "The end was sent already"},
        404: ERRORS[404],
        503: {
            **ERRORS[503],
            "description": "The job queue is unavailable, or too many callers follow jobs",
        },
        429: {**ERRORS[429], "description": "You follow too many jobs; see Retry-After"},
    },
)
async def follow_job(
    job_id: str,
    clients: AppClients,
    user: Reader,
    key: GivenKey,
    follower: Follower,
    turns: Turns,
    last_event_id: Annotated[
        str,
        Header(alias="Last-Event-ID", description="The `id` of the last event received."),
    ] = "",
) -> Response:
    position = Position.of(last_event_id) if last_event_id else Position()
    async with turn_of(user, turns):
        view = await anyio.to_thread.run_sync(clients.jobs.get_job, user, job_id)
    if position.over and view.state.is_over and view.attempt == position.attempt:
        return Response(status_code=204)
    events = follower.follow(user, job_id, position, key=key)
    text = _as_text(events, job_id)
    # What is over is sent at once, and can be asked for again at once: one after the other.
    source = _in_turn(text, turn_of(user, turns)) if view.state.is_over else text
    return ClosingStream(source, SSE_HEADERS)


async def _in_turn(
    text: AsyncGenerator[bytes], turn: AbstractAsyncContextManager[None]
) -> AsyncGenerator[bytes]:
    async with aclosing(text), turn:
        async for piece in text:
            yield piece


async def _as_text(events: AsyncGenerator[JobEvent], job_id: str) -> AsyncGenerator[bytes]:
    yield format_sse_event(retry=RETRY_MS)
    async with aclosing(events):
        async for event in events:
            if event.kind is EventKind.BEAT:
                yield KEEPALIVE_COMMENT
                continue
            yield format_sse_event(
                event=event.kind.value,
                data_str=_data(event, job_id).model_dump_json(exclude_none=True),
                id=str(event.position) if event.position else None,
            )


def _data(event: JobEvent, job_id: str) -> BaseModel:
    match event.kind:
        case EventKind.STAGE:
            return StageData(
                attempt=event.attempt, stage=event.stage.value, parts=list(event.parts) or None
            )
        case EventKind.TEXT:
            return TextData(attempt=event.attempt, text=event.text)
        case EventKind.RESTARTED:
            return RestartData(attempt=event.attempt)
    if event.view is None:
        error = event.error or NotFoundError()
        return Error(error=ErrorDetail(kind=error.kind, message=error.message))
    if event.kind is EventKind.STATUS:
        return status_of(event.view, None, waiting=event.waiting)
    return result_of(event.view, event.answer)
