"""How much may arrive at the API at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from jobs.access.api_keys import Scope
from tests.api.app import API
from tests.coroutines import run_apart
from ui.api.arriving import FILES_OF_ALL, FILES_OF_ONE, ArrivingBytes, arriving_bytes
from ui.api.dependencies import API_USER
from ui.clients import Clients

FILE_BYTES = 50_000_000
UPLOADS = [
    {"url": "/documents", "files": {"file": ("a.md", b"# Travel")}},
    {"url": "/batches", "json": {"questions": ["What is the hotel limit?"]}},
    {"url": "/batches", "content": b"Question\nWhat?", "headers": {"Content-Type": "text/csv"}},
]


@pytest.fixture
def arriving() -> Iterator[ArrivingBytes]:
    """What arrives at the API of this test."""
    arriving = ArrivingBytes()

    async def ours() -> ArrivingBytes:
        return arriving

    API.dependency_overrides[arriving_bytes] = ours
    yield arriving
    API.dependency_overrides.pop(arriving_bytes, None)


@pytest.mark.parametrize("upload", UPLOADS)
def test_uploads_of_one_caller_leave_room_for_others(
    http: TestClient, clients: Clients, arriving: ArrivingBytes, upload: dict[str, Any]
) -> None:
    """Whoever sends as much as one may waits for the replies; another one does not."""
    mb = clients.settings.max_upload_bytes
    arriving.take(API_USER, FILES_OF_ONE * mb, mb)
    refused = http.post(**upload)
    assert (refused.status_code, refused.json()["error"]["kind"]) == (503, "too_many_files")
    assert refused.headers["Retry-After"]
    _, secret = clients.keys.create("ann", "a key", list(Scope))
    own = {**upload, "headers": {**upload.get("headers", {}), "Authorization": f"Bearer {secret}"}}
    assert http.post(**own).is_success
    arriving.give_back(API_USER, FILES_OF_ONE * mb)
    assert http.post(**upload).is_success
    arriving.take(API_USER, FILES_OF_ONE * mb, mb)  # all of it was given back


def test_all_uploads_together_are_bounded(
    http: TestClient, clients: Clients, arriving: ArrivingBytes
) -> None:
    """Many callers with a little each are too many as well."""
    mb = clients.settings.max_upload_bytes
    for number in range(FILES_OF_ALL):
        arriving.take(f"user {number}", mb, mb)
    assert http.post(**UPLOADS[0]).status_code == 503


def test_upload_that_never_ends_is_ended(clients: Clients, http: TestClient) -> None:
    """Whoever sends nothing more does not hold a place for ever."""
    arriving = ArrivingBytes(max_seconds=0.1)

    async def ours() -> ArrivingBytes:
        return arriving

    async def call() -> list[Message]:
        sent: list[Message] = []
        messages = [{"type": "http.request", "body": b"a" * 1000, "more_body": True}]

        async def receive() -> Message:
            if messages:
                return messages.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"host", b"testserver"), (b"content-type", b"text/csv")]
        scope = {"type": "http", "method": "POST", "path": "/batches", "query_string": b""}
        await API({**scope, "headers": headers, "http_version": "1.1"}, receive, send)
        return sent

    API.dependency_overrides[arriving_bytes] = ours
    start, body = run_apart(call())
    assert start["status"] == 408
    assert b"Send it again" in body["body"]
    arriving.take(API_USER, FILES_OF_ONE * FILE_BYTES, FILE_BYTES)  # all of it was given back
