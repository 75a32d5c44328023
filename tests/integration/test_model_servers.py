"""Servers that are almost, or not at all, what OPENAI_BASE_URL should name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from jobs.errors import (
    AskqueueError,
    BadModelRequestError,
    ContextTooLongError,
    EmbeddingsUnsupportedError,
    NoQuotaError,
    StreamInterruptedError,
    UnknownModelError,
)
from jobs.llm.chat import ChatModel
from jobs.llm.embeddings import Embedder, build_embedder
from jobs.llm.reply import Chunk
from jobs.models import Passage
from jobs.settings import Settings
from jobs.worker.runtime import build_generator
from tests.fakes import FakeModelServer

JSON, HTML, EVENTS = "application/json", "text/html", "text/event-stream"
PASSAGES = [Passage("p", "d", "travel.md", "The hotel limit is EUR 160 per night.")]
KEY = "sk-very-secret"


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


def ask(model: FakeModelServer) -> list[Chunk]:
    return list(ChatModel(model.base_url, KEY, "stub", 5).stream("What?", PASSAGES))


def embed(model: FakeModelServer) -> list[list[float]]:
    return Embedder(model.base_url, KEY, "stub", 5).embed(["x"])


@pytest.mark.parametrize("call", [ask, embed])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [(HTML, b"<html>Welcome</html>"), (JSON, b'{"data": []}'), (JSON, b"{broken")],
)
def test_reply_of_another_protocol_names_the_address(
    model: FakeModelServer,
    call: Callable[[FakeModelServer], object],
    content_type: str,
    body: bytes,
) -> None:
    """A web page with status 200 is no empty answer: the error says to check the base URL."""
    model.raw_reply = (200, content_type, body)
    with pytest.raises(BadModelRequestError, match="OPENAI_BASE_URL"):
        call(model)


def test_broken_event_names_the_address(model: FakeModelServer) -> None:
    """An event that is no JSON does not escape as a foreign exception."""
    model.raw_reply = (200, EVENTS, b"data: {broken\n\n")
    with pytest.raises(BadModelRequestError, match="OPENAI_BASE_URL"):
        ask(model)


def test_error_sent_as_an_event_is_an_interrupted_stream(model: FakeModelServer) -> None:
    """Servers that have begun with status 200 report a failure inside the stream."""
    model.raw_reply = (200, EVENTS, b'data: {"error": {"message": "out of memory"}}\n\n')
    with pytest.raises(StreamInterruptedError):
        ask(model)


def test_empty_answer_is_an_error_and_not_found_is_not_claimed(model: FakeModelServer) -> None:
    """A model that says nothing has not searched the documents in vain."""
    event = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    model.raw_reply = (200, EVENTS, event + b"data: [DONE]\n\n")
    with pytest.raises(BadModelRequestError, match="empty answer"):
        ask(model)


def test_server_that_does_not_know_stream_options_still_answers(model: FakeModelServer) -> None:
    """The tokens used are then unknown, and that is all."""
    model.knows_stream_options = False
    chunks = ask(model)
    assert "EUR 160" in "".join(chunk.text for chunk in chunks)
    assert all(chunk.tokens is None for chunk in chunks)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (
            404,
            b'{"error": {"message": "model \\"x\\" not found, try pulling it"}}',
            UnknownModelError,
        ),
        (404, b'{"message": "The model `x` does not exist.", "code": 404}', UnknownModelError),
        (404, b'{"detail": "Not Found"}', BadModelRequestError),
        (400, b'{"error": {"message": "maximum context length is 8192"}}', ContextTooLongError),
        (400, b'{"error": {"type": "exceed_context_size_error"}}', ContextTooLongError),
        (402, b'{"error": {"message": "Insufficient Balance"}}', NoQuotaError),
    ],
    ids=["ollama", "vllm", "fastapi", "vllm-context", "llama.cpp-context", "no-balance"],
)
def test_replies_of_other_servers_are_understood(
    model: FakeModelServer, status: int, body: bytes, error: type[AskqueueError]
) -> None:
    """Compatible servers word their errors differently; people read the same sentences."""
    model.raw_reply = (status, JSON, body)
    with pytest.raises(error) as caught:
        ask(model)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b'{"detail": "Not Found"}', EmbeddingsUnsupportedError),
        (
            400,
            b'{"message": "The model does not support Embeddings API"}',
            EmbeddingsUnsupportedError,
        ),
        (404, b'{"error": {"message": "model \\"x\\" not found"}}', UnknownModelError),
    ],
    ids=["no-endpoint", "chat-model-only", "wrong-model"],
)
def test_embeddings_that_are_missing_differ_from_a_wrong_model(
    model: FakeModelServer, status: int, body: bytes, error: type[AskqueueError]
) -> None:
    """The first goes on with keywords; the second is a setting to put right, by its name."""
    model.raw_reply = (status, JSON, body)
    with pytest.raises(error, match="EMBEDDING_"):
        embed(model)


def test_key_that_a_server_repeats_stays_secret(model: FakeModelServer) -> None:
    """The server's words are shown, but never the key in them, nor more than a line."""
    body = b'{"error": {"message": "bad header sk-very-secret here\\nsecond line"}}'
    model.raw_reply = (400, JSON, body)
    with pytest.raises(BadModelRequestError, match="bad header … here") as caught:
        ask(model)
    assert KEY not in str(caught.value)
    assert "second line" not in str(caught.value)


def test_key_of_one_server_is_not_sent_to_another(make_settings: Callable[..., Settings]) -> None:
    """EMBEDDING_BASE_URL without a key of its own does not get the key of the chat server."""
    with FakeModelServer() as embeddings:
        embedder = build_embedder(
            make_settings(openai_api_key=KEY, embedding_base_url=embeddings.base_url)
        )
        assert embedder is not None
        embedder.embed(["x"])
        assert embeddings.requests[-1]["authorization"] != f"Bearer {KEY}"


def test_settings_choose_the_adapters(make_settings: Callable[..., Settings]) -> None:
    """No key and no URL: quotes and keywords. An empty EMBEDDING_MODEL: keywords alone."""
    assert build_generator(make_settings()).extractive
    assert build_embedder(make_settings()) is None
    with_key = make_settings(openai_api_key=KEY, embedding_model="")
    assert build_generator(with_key).model == with_key.chat_model
    assert build_embedder(with_key) is None


def test_own_key_is_sent_with_both_kinds_of_request(model: FakeModelServer) -> None:
    """The chat request, which is not made through the SDK's own method, is authorised as well."""
    ask(model)
    embed(model)
    assert [request["authorization"] for request in model.requests] == [f"Bearer {KEY}"] * 2
    assert model.requests[0]["body"]["stream"] is True
