"""Files that come too slowly to a page."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message

from jobs.settings import Settings
from tests.coroutines import run_apart
from ui.identity.browser_cookie import signer_of
from ui.streamlit_patches.bounded_uploads import BoundedUploads
from ui.web import uploads
from ui.web.uploads import BELOW, BoundedUploadRequests


async def store(request: Request) -> Response:
    await request.body()
    return Response(status_code=204)


def test_upload_of_which_nothing_comes_is_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its room and its place are free again."""
    signer = signer_of(settings)
    cookie = signer.new_cookie()
    user = signer.user_of({signer.cookie_name: cookie})
    kept = BoundedUploads(BELOW, lambda _session: user)
    monkeypatch.setattr(uploads, "running_uploads", lambda: kept)
    [given] = kept.get_upload_urls("session", ["a.txt"])
    site = Starlette(routes=[Route("/{path:path}", store, methods=["PUT"])])
    bounded = BoundedUploadRequests(site, settings, idle_seconds=0.1)
    sent: list[Message] = []

    async def call() -> None:
        messages: list[Message] = [{"type": "http.request", "body": b"a" * 1000, "more_body": True}]

        async def receive() -> Message:
            if messages:
                return messages.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "PUT",
            "path": f"{BELOW}session/{given.file_id}",
            "query_string": b"",
            "headers": [(b"cookie", f"{signer.cookie_name}={cookie}".encode())],
        }
        await bounded(scope, receive, send)

    run_apart(call())
    assert sent[0]["status"] == 408
    assert not bounded._arriving
    assert not bounded._connections
