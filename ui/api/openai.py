"""The OpenAI protocol over the same jobs, so that its clients can use Askqueue as a model.

A question that comes this way is a job like any other, in its user's history. A caller that
disconnects stops it, as at OpenAI.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.exceptions import HTTPException

from jobs.errors import AskqueueError, InvalidQuestionError, WrongKeyError
from jobs.models import Question
from jobs.questions.client import JobClient
from jobs.questions.follower import EventKind, JobEvent, Position
from ui.api.dependencies import AppClients, Asker, GivenKey, User, refuse_other_sites
from ui.api.errors import ERRORS, MAX_PROBLEMS, headers_of, status_code_of
from ui.api.models import is_unicode
from ui.api.openai_models import (
    MODEL,
    ChatCompletion,
    ChatCompletionRequest,
    Choice,
    ModelInfo,
    ModelList,
    OpenAIError,
    OpenAIErrorDetail,
    ReplyMessage,
    ending_of,
    usage_of,
)
from ui.api.rate_limit import IdempotencyKey, job_id_of
from ui.api.streams import SSE_HEADERS, SSE_TYPE, ClosingStream, Follower, limit_followers

AGAIN = "\n\n(The answer begins again.)\n\n"
# Clients of OpenAI ask again by themselves after a 5xx. A job has had its attempts.
NO_RETRY = {"x-should-retry": "false"}


class OpenAIRoute(APIRoute):
    """A route whose errors have the shape of the OpenAI API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_in_shape(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return _refused(
                    400, "; ".join(_said(item) for item in error.errors()[:MAX_PROBLEMS])
                )
            except HTTPException as error:
                return _refused(error.status_code, str(error.detail), headers=error.headers)
            except AskqueueError as error:
                status = status_code_of(error)
                if status == 422:
                    status = 400  # as at OpenAI
                headers = headers_of(error)
                return _refused(status, error.message, code=error.kind, headers=headers)

        return handle_in_shape


def _error(description: str) -> dict[str, Any]:
    return {"model": OpenAIError, "description": description}


router = APIRouter(
    prefix="/v1",
    route_class=OpenAIRoute,
    tags=["openai"],
    responses={
        400: _error("Invalid input, or a feature that is not supported"),
        401: _error("Wrong or expired API key, or nobody is signed in"),
        403: _error("The API key lacks the scope, or another site asks"),
        422: _error("Not used here: invalid input is 400, as at OpenAI"),
        503: _error("The job queue is unavailable; Retry-After says when to ask again"),
    },
)


@router.get("/models")
async def list_models(_user: User) -> ModelList:
    """Return the only model: answers from the documents, with citations."""
    return ModelList(data=[ModelInfo()])


@router.post(
    "/chat/completions",
    dependencies=[Depends(refuse_other_sites), Depends(limit_followers)],
    response_model=ChatCompletion,
    responses={
        200: {
            "description": "The answer; with `stream`, as chunks, of which the last before the "
            "usage has `citations`",
            "content": {SSE_TYPE: {"schema": {"type": "string"}}},
        },
        404: _error("Unknown model"),
        409: _error("The question was stopped or deleted"),
        413: _error("Too large"),
        429: {
            **_error("Too many questions in a minute, or at once; see Retry-After"),
            "headers": ERRORS[429]["headers"],
        },
        502: _error("The question failed; `code` and `message` say why"),
        503: _error("The job queue is unavailable, or too many callers wait; see Retry-After"),
    },
)
async def complete_chat(
    request: Request,
    body: ChatCompletionRequest,
    clients: AppClients,
    user: Asker,
    api_key: GivenKey,
    follower: Follower,
    key: IdempotencyKey = "",
) -> Response:
    """Ask the last message of the role user; reply with the answer, or stream it.

    The text ends with a list of its sources; `citations` has the cited passages. Disconnecting
    stops the question, unless it came with an Idempotency-Key: then its answer can be fetched
    later, with the same key.
    """
    if body.model != MODEL:
        sentence = f"There is no model “{body.model}” here. Use “{MODEL}”."
        return _refused(404, sentence, code="model_not_found", param="model")
    question = Question(_asked(body), use_cache=body.cache is not False)
    submit = partial(clients.jobs.submit, user, question, job_id=job_id_of(user, key))
    view = await anyio.to_thread.run_sync(submit)
    following = follower.follow(user, view.id, Position(), key=api_key)
    chat = _Chat(view.id, int(view.asked_at), clients.jobs, following, user, kept=bool(key))
    if body.stream:
        return ClosingStream(chat.chunks(wants_usage=body.wants_usage), SSE_HEADERS)
    return await chat.whole(request)


class _Chat:
    """One question and its reply."""

    def __init__(
        self,
        job_id: str,
        created: int,
        client: JobClient,
        following: AsyncGenerator[JobEvent],
        user: str,
        *,
        kept: bool = False,
    ) -> None:
        self._job_id, self._created = job_id, created
        self._client, self._following, self._user = client, following, user
        self._kept = kept

    async def events(self) -> AsyncGenerator[JobEvent]:
        """Yield the events until the end; closing early stops a question that is not kept."""
        is_over = False
        try:
            async with aclosing(self._following) as events:
                async for event in events:
                    is_over = event.kind.is_end and event.error is None
                    yield event
        finally:
            if not is_over and not self._kept:
                await self._stop()

    async def whole(self, request: Request) -> Response:
        """Return the reply in one piece; nobody reads it if the caller has disconnected."""
        end: JobEvent | None = None

        async def watch(scope: anyio.CancelScope) -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            scope.cancel()

        async with anyio.create_task_group() as group, aclosing(self.events()) as events:
            group.start_soon(watch, group.cancel_scope)
            async for event in events:
                end = event
            group.cancel_scope.cancel()
        if end is None or end.kind is not EventKind.FINISHED:
            return _failed(end)
        return JSONResponse(self._completion(end).model_dump())

    async def chunks(self, *, wants_usage: bool) -> AsyncGenerator[bytes]:
        """Yield the reply as chunks of a stream."""
        no_usage = {"usage": None} if wants_usage else {}
        yield self._chunk({"role": "assistant", "content": ""}, **no_usage)
        has_text = False
        async with aclosing(self.events()) as events:
            async for event in events:
                if event.kind is EventKind.BEAT:
                    yield KEEPALIVE_COMMENT
                elif event.kind is EventKind.TEXT:
                    has_text = True
                    yield self._chunk({"content": event.text}, **no_usage)
                elif event.kind is EventKind.RESTARTED and has_text:
                    # The protocol has no way to take back what was sent.
                    yield self._chunk({"content": AGAIN}, **no_usage)
                elif event.kind.is_end:
                    for chunk in self._last(event, no_usage, wants_usage=wants_usage):
                        yield chunk
        yield format_sse_event(data_str="[DONE]")

    def _last(self, end: JobEvent, no_usage: dict[str, Any], *, wants_usage: bool) -> list[bytes]:
        if end.kind is not EventKind.FINISHED:
            error = _failure(end)[1]
            return [format_sse_event(data_str=OpenAIError(error=error).model_dump_json())]
        answer = end.answer
        ending = ending_of(answer) if answer else ""
        citations = list(answer.to_dict()["citations"]) if answer else []
        chunks = [self._chunk({"content": ending}, **no_usage)] if ending else []
        chunks.append(self._chunk({}, "stop", citations=citations, **no_usage))
        if wants_usage:
            usage = usage_of(answer).model_dump()
            chunks.append(self._chunk(None, usage=usage))
        return chunks

    def _chunk(
        self, delta: dict[str, str] | None, reason: str | None = None, **more: object
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {
            "id": f"chatcmpl-{self._job_id}",
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": MODEL,
            "choices": [] if delta is None else [choice],
            **more,
        }
        return format_sse_event(data_str=json.dumps(chunk, ensure_ascii=False))

    def _completion(self, end: JobEvent) -> ChatCompletion:
        answer = end.answer
        text = f"{answer.text}{ending_of(answer)}" if answer else ""
        return ChatCompletion(
            id=f"chatcmpl-{self._job_id}",
            created=self._created,
            choices=[Choice(message=ReplyMessage(content=text))],
            usage=usage_of(answer),
            citations=list(answer.to_dict()["citations"]) if answer else [],
        )

    async def _stop(self) -> None:
        with anyio.CancelScope(shield=True), suppress(AskqueueError):  # over by now, or Valkey away
            await anyio.to_thread.run_sync(self._client.stop, self._user, self._job_id)


def _asked(body: ChatCompletionRequest) -> str:
    try:
        return is_unicode(body.question)
    except ValueError as error:
        raise InvalidQuestionError(f"This question cannot be stored: {error}.") from None


def _failed(end: JobEvent | None) -> JSONResponse:
    """Return the reply to a question without an answer; `end` is None after a disconnect."""
    status, error = _failure(end)
    return JSONResponse(OpenAIError(error=error).model_dump(), status, NO_RETRY)


def _failure(end: JobEvent | None) -> tuple[int, OpenAIErrorDetail]:
    if end and isinstance(end.error, WrongKeyError):
        error = end.error
        return 401, OpenAIErrorDetail(
            message=error.message, type="invalid_request_error", code=error.kind
        )
    failure = end.view.failure if end and end.view else None
    if failure is None:
        message = "The question was stopped or deleted before it was answered."
        return 409, OpenAIErrorDetail(message=message, type="conflict", code="stopped")
    return 502, OpenAIErrorDetail(message=failure.message, type="server_error", code=failure.kind)


def _refused(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = OpenAIErrorDetail(message=message, type=kind, code=code, param=param)
    return JSONResponse(OpenAIError(error=error).model_dump(), status, headers)


def _said(problem: Mapping[str, Any]) -> str:
    """Describe a validation error; a message of ours needs no field name."""
    sentence = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return sentence
    return f"{'.'.join(str(part) for part in problem['loc'])}: {sentence}"
