"""The model adapters against a real server that speaks the protocol, and misbehaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.errors import (
    AskqueueError,
    BadApiKeyError,
    BadModelRequestError,
    ContextTooLongError,
    EmbeddingsUnsupportedError,
    ModelOverloadedError,
    ModelTimeoutError,
    ModelUnavailableError,
    NoQuotaError,
    StreamInterruptedError,
    UnknownModelError,
)
from jobs.llm.chat import ChatModel
from jobs.llm.embeddings import Embedder
from jobs.models import Passage
from tests.fakes import FakeModelServer
from tests.waiting import HANG_SECONDS

PASSAGES = [Passage("p", "d", "travel.md", "The hotel limit is EUR 160 per night.", page=3)]
KEY = "sk-very-secret"


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


def chat(model: FakeModelServer, timeout_seconds: float = HANG_SECONDS) -> ChatModel:
    return ChatModel(model.base_url, KEY, "stub", timeout_seconds)


def test_answer_streams_with_the_tokens_used_at_the_end(model: FakeModelServer) -> None:
    """Text comes in pieces, and the usage of the last event is kept."""
    chunks = list(chat(model).stream("What is the limit?", PASSAGES))
    assert len(chunks) > 3
    assert "EUR 160" in "".join(chunk.text for chunk in chunks)
    assert chunks[-1].tokens is not None
    assert chunks[-1].tokens.completion > 0


def test_answer_cut_off_by_the_models_limit_says_so(model: FakeModelServer) -> None:
    """Half an answer does not pass for a whole one."""
    model.finish_reason = "length"
    notes = [chunk.note for chunk in chat(model).stream("What is the limit?", PASSAGES)]
    assert any("incomplete" in note for note in notes)


def test_prompt_numbers_the_passages_with_document_and_page(model: FakeModelServer) -> None:
    """What the model cites by number is where it says it is."""
    list(chat(model).stream("What is the limit?", PASSAGES))
    prompt = model.requests[-1]["body"]["messages"][-1]["content"]
    assert "[1] travel.md, page 3\nThe hotel limit" in prompt
    assert prompt.endswith("Question: What is the limit?")


@pytest.mark.parametrize(
    ("behaviour", "error", "retryable"),
    [
        ("bad_key", BadApiKeyError, False),
        ("no_quota", NoQuotaError, False),
        ("unknown_model", UnknownModelError, False),
        ("too_long", ContextTooLongError, False),
        ("bad_request", BadModelRequestError, False),
        ("rate_limited", ModelOverloadedError, True),
        ("server_error", ModelOverloadedError, True),
        ("cut", StreamInterruptedError, True),
    ],
)
def test_each_failure_has_its_own_error(
    model: FakeModelServer, behaviour: str, error: type[AskqueueError], retryable: bool
) -> None:
    """Each kind of reply maps to one error, retried or not, whose message holds no key."""
    model.behave(behaviour)
    with pytest.raises(error) as caught:
        list(chat(model).stream("What?", PASSAGES))
    assert caught.value.retryable is retryable
    assert KEY not in caught.value.message
    chats = [item for item in model.requests if item["path"].endswith("completions")]
    assert len(chats) == 1, "the SDK must not retry behind the page's back"


def test_retry_after_of_the_server_is_kept(model: FakeModelServer) -> None:
    """The wait that the server asks for reaches the policy."""
    model.behave("rate_limited", retry_after=7)
    with pytest.raises(ModelOverloadedError) as caught:
        list(chat(model).stream("What?", PASSAGES))
    assert caught.value.retry_after_seconds == 7


def test_silent_server_times_out(model: FakeModelServer) -> None:
    """A server that says nothing is given up after the configured silence."""
    model.behave("hang")
    with pytest.raises(ModelTimeoutError):
        list(chat(model, timeout_seconds=0.3).stream("What?", PASSAGES))


def test_server_that_is_not_there_is_unavailable() -> None:
    """A refused connection has its own sentence."""
    with pytest.raises(ModelUnavailableError):
        list(ChatModel("http://127.0.0.1:1/v1", KEY, "stub", 5).stream("What?", PASSAGES))


def test_embeddings_come_in_batches_and_in_order(model: FakeModelServer) -> None:
    """150 texts take three requests; each vector belongs to its text."""
    texts = [f"word{number}" for number in range(150)]
    seen: list[tuple[int, int]] = []
    vectors = Embedder(model.base_url, KEY, "stub", 5).embed(
        texts, lambda done, total: seen.append((done, total))
    )
    assert seen == [(64, 150), (128, 150), (150, 150)]
    assert vectors[149] == pytest.approx(model.vector("word149"))


@pytest.mark.parametrize("status", [404, 405, 501])
def test_server_without_embeddings_is_told_from_a_wrong_model(
    model: FakeModelServer, status: int
) -> None:
    """404 of the endpoint, 405 and 501 mean that there are none."""
    model.embeddings_status = status
    with pytest.raises(EmbeddingsUnsupportedError):
        Embedder(model.base_url, KEY, "stub", 5).embed(["x"])


def test_refused_embedding_key_names_the_embedding_settings(model: FakeModelServer) -> None:
    """People with two servers learn which key is wrong."""
    model.embeddings_status = 401
    with pytest.raises(BadApiKeyError, match="EMBEDDING_API_KEY"):
        Embedder(model.base_url, KEY, "stub", 5).embed(["x"])
