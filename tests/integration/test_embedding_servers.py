"""Embedding servers with limits and habits of their own."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from jobs.errors import (
    AskqueueError,
    BadModelRequestError,
    ContextTooLongError,
    EmbeddingsUnsupportedError,
    ModelOverloadedError,
)
from jobs.llm.embeddings import Embedder
from jobs.llm.input_length import count_pieces
from jobs.settings import Settings
from tests.fakes import FakeModelServer, RawReply
from tests.integration.inline_worker import inline_worker
from ui.clients import build_clients

JSON = "application/json"
TEXTS = [f"word{number}" for number in range(150)]


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


def embedder_of(model: FakeModelServer) -> Embedder:
    return Embedder(model.base_url, "k", "stub", 5)


def sizes_of(model: FakeModelServer) -> list[int]:
    return [len(request["body"]["input"]) for request in model.requests]


def refusal(status: int, body: object) -> RawReply:
    return status, JSON, (body if isinstance(body, str) else json.dumps(body)).encode()


BATCHES = {
    "tei": (422, {"error": "batch size 64 > maximum allowed batch size 32", "error_type": "Valid"}),
    "tei-413": (413, {"message": "batch size 64 > maximum allowed batch size 32", "code": 413}),
    "dashscope": (
        400,
        {
            "error": {
                "message": "<400> InternalError.Algo.InvalidParameter: Value error, batch size is "
                "invalid, it should not be larger than 32.: input.contents",
                "code": "InvalidParameter",
            }
        },
    ),
    "siliconflow": (400, {"message": "input batch size 64 > maximum allowed batch size 32"}),
    "gemini": (
        400,
        [{"error": {"message": "BatchEmbedContentsRequest: at most 32 requests can be in one"}}],
    ),
    "cohere": (400, {"message": "invalid request: total number of texts must be at most 32 texts"}),
    "openai": (400, {"error": {"message": "'$.input' is invalid: array too long."}}),
    "openai-tokens": (
        400,
        {"error": {"message": "Requested 350000 tokens, max 300000 tokens per request"}},
    ),
    "openai-rate": (
        429,
        {"error": {"message": "Request too large for x on tokens per min (TPM): Limit 40000."}},
    ),
    "voyage": (
        400,
        {"detail": "The max allowed tokens per submitted batch is 120000. Your batch has 121138."},
    ),
    "mistral": (400, {"message": "Too many inputs in request, split into more batches."}),
    "proxy": (413, "<html><h1>413 Request Entity Too Large</h1></html>"),
    "axum": (413, "Failed to buffer the request body: length limit exceeded"),
}


@pytest.mark.parametrize(("status", "body"), BATCHES.values(), ids=BATCHES)
def test_batch_that_is_too_large_is_halved_from_then_on(
    model: FakeModelServer, status: int, body: object
) -> None:
    """The refusal is paid for once; every text keeps its vector."""
    model.reply_to = lambda request: refusal(status, body) if len(request["input"]) > 32 else None
    embedder = embedder_of(model)
    seen: list[tuple[int, int]] = []
    vectors = embedder.embed(TEXTS, lambda done, total: seen.append((done, total)))
    assert sizes_of(model) == [64, 32, 32, 32, 32, 22]
    assert seen == [(32, 150), (64, 150), (96, 150), (128, 150), (150, 150)]
    assert vectors[149] == pytest.approx(model.vector("word149"))
    model.requests.clear()
    embedder.embed(TEXTS[:40])
    assert sizes_of(model) == [32, 8]


def test_batch_of_ten_is_found(model: FakeModelServer) -> None:
    """By halves: 32, 16, 8."""
    model.reply_to = lambda request: (
        refusal(400, {"message": "batch size is invalid"}) if len(request["input"]) > 10 else None
    )
    assert len(embedder_of(model).embed(TEXTS[:20])) == 20
    assert sizes_of(model) == [20, 10, 10]


LENGTHS = {
    "tei": (
        413,
        {"message": "Input validation error: `inputs` must have less than 512 tokens. Given: 900"},
    ),
    "llama.cpp": (
        500,
        {
            "error": {
                "code": 500,
                "message": "input (992 tokens) is too large to process. increase the physical "
                "batch size (current batch size: 512)",
                "type": "server_error",
            }
        },
    ),
    "llama.cpp-old": (
        500,
        {"error": "input is too large to process, please increase the physical batch size"},
    ),
    "openai": (
        400,
        {
            "error": {
                "message": "This model's maximum context length is 512 tokens, however you "
                "requested 900 tokens (900 in your prompt; 0 for the completion)."
            }
        },
    ),
    "openai-new": (400, {"error": {"message": "Invalid 'input[3]': maximum input length is 512"}}),
    "vllm": (
        400,
        {"message": "The decoder prompt (length 900) is longer than the maximum model length"},
    ),
    "ollama": (400, {"error": "the input length exceeds the context length"}),
    "mistral": (400, {"message": "Input is too long: 900 tokens, maximum 512"}),
}


@pytest.mark.parametrize(("status", "body"), LENGTHS.values(), ids=LENGTHS)
def test_text_that_is_too_long_is_shortened_and_counted(
    model: FakeModelServer, status: int, body: object
) -> None:
    """Its beginning is sent; the limit is learned once, and the others are sent whole."""

    def refuse(request: dict[str, Any]) -> RawReply | None:
        is_long = any(count_pieces(text) > 512 for text in request["input"])
        return refusal(status, body) if is_long else None

    model.reply_to = refuse
    embedder = embedder_of(model)
    long = "中文句子没有空格。" * 100
    counted: list[int] = []
    vectors = embedder.embed(["short", long, "other"], None, counted.append)
    assert len(vectors) == 3
    assert counted == [1]
    first, sent, last = model.requests[-1]["body"]["input"]
    assert (first, last) == ("short", "other")
    assert long.startswith(sent)
    assert 250 <= count_pieces(sent) <= 512
    assert len(model.requests) <= 4
    model.requests.clear()
    embedder.embed([long] * 70, None, counted.append)
    assert counted == [1, 70]
    assert sizes_of(model) == [64, 6]


def test_server_that_takes_no_text_at_all_is_an_error(model: FakeModelServer) -> None:
    """Shortening has an end, and the sentence names the setting. It is not tried again."""
    model.raw_reply = refusal(*LENGTHS["tei"])
    with pytest.raises(ContextTooLongError, match="EMBEDDING_MODEL") as caught:
        embedder_of(model).embed(["word " * 3000] * 64)
    assert not caught.value.retryable
    assert len(model.requests) < 20


def test_busy_server_is_not_asked_for_less(model: FakeModelServer) -> None:
    """A rate of tokens a minute is no limit of one request."""
    body = {"error": {"message": "Rate limit reached for x on tokens per min (TPM): Limit 1000000"}}
    model.raw_reply = refusal(429, body)
    with pytest.raises(ModelOverloadedError):
        embedder_of(model).embed(TEXTS)
    assert sizes_of(model) == [64]


@pytest.mark.parametrize(
    ("status", "body", "takes"),
    [
        (400, {"message": "base64 encoding is not currently supported"}, ["float", None]),
        (400, {"error": {"message": "Unknown parameter: 'encoding_format'."}}, [None]),
        (422, {"detail": [{"loc": ["body", "encoding_format"], "msg": "Extra inputs"}]}, [None]),
        (400, [{"error": {"message": 'Unknown name "encoding_format": Cannot find'}}], [None]),
    ],
)
def test_refused_encoding_is_not_asked_for_again(
    model: FakeModelServer, status: int, body: object, takes: list[str | None]
) -> None:
    """First Base64, then numbers, then whatever the server gives."""

    def refuse(request: dict[str, Any]) -> RawReply | None:
        return None if request.get("encoding_format") in takes else refusal(status, body)

    model.reply_to = refuse
    embedder = embedder_of(model)
    [vector] = embedder.embed(["word"])
    assert vector == pytest.approx(model.vector("word"))
    model.requests.clear()
    embedder.embed(["word"])
    assert len(model.requests) == 1
    assert model.requests[0]["body"].get("encoding_format") == takes[0]


def reply_of(*embeddings: object, indexes: list[object] | None = None) -> RawReply:
    data = [{"object": "embedding", "embedding": embedding} for embedding in embeddings]
    for item, index in zip(data, indexes or [], strict=bool(indexes)):
        item["index"] = index
    return refusal(200, {"data": data, "model": "m"})


@pytest.mark.parametrize(
    ("indexes", "order"),
    [
        (None, [1, 2, 3]),
        ([2, 1, 0], [3, 2, 1]),
        (["1", "0", "2"], [2, 1, 3]),
        ([0, 0, 0], [1, 2, 3]),
        ([1, 2, 3], [1, 2, 3]),
        ([None, 1, 2], [1, 2, 3]),
    ],
)
def test_vectors_are_in_the_order_of_the_texts(
    model: FakeModelServer, indexes: list[object] | None, order: list[int]
) -> None:
    """By the index if there is one for each, else as they come."""
    model.raw_reply = reply_of([1], [2], [3], indexes=indexes)
    vectors = embedder_of(model).embed(["a", "b", "c"])
    assert [list(vector) for vector in vectors] == [[value] for value in order]


def test_index_that_is_left_out_for_zero_is_zero(model: FakeModelServer) -> None:
    """Gemini writes no zeros."""
    data = [{"embedding": [3, 4], "index": 1}, {"embedding": [5, 6], "index": 2}]
    body = {"data": [{"embedding": [1, 2]}, *data]}
    model.raw_reply = refusal(200, body)
    vectors = embedder_of(model).embed(["a", "b", "c"])
    assert [list(vector) for vector in vectors] == [[1, 2], [3, 4], [5, 6]]


def test_vectors_come_as_numbers_or_as_base64(model: FakeModelServer) -> None:
    """Whichever was asked for."""
    encoded = base64.b64encode(struct.pack("<2f", 1, 2)).decode()
    model.raw_reply = reply_of(encoded, [1, 2])
    assert [list(each) for each in embedder_of(model).embed(["a", "b"])] == [[1, 2], [1, 2]]


def test_vectors_that_are_missing_are_asked_for_as_numbers(model: FakeModelServer) -> None:
    """Gateways return null for an encoding that they do not know."""

    def forget(request: dict[str, Any]) -> RawReply | None:
        return reply_of(None) if request.get("encoding_format") == "base64" else None

    model.reply_to = forget
    assert len(embedder_of(model).embed(["a"])) == 1
    assert [request["body"]["encoding_format"] for request in model.requests] == ["base64", "float"]


@pytest.mark.parametrize(
    ("raw_reply", "words"),
    [
        (reply_of([1, 2]), "1 vectors for 2 texts"),
        (reply_of([1, 2], [3, 4], [5, 6]), "3 vectors for 2 texts"),
        (reply_of([1, 2], [3]), "vectors of 1 and 2 numbers"),
        (reply_of([1, 2], [0, 0]), "zeros or NaN"),
        (reply_of([1, 2], [float("nan"), 1]), "zeros or NaN"),
        (reply_of([1, 2], [float("inf"), 1]), "zeros or NaN"),
        (reply_of([1, 2], []), "zeros or NaN"),
        (reply_of([1, 2], [None, 1]), "cannot be understood"),
        (reply_of([1, 2], "no base64!"), "cannot be understood"),
        (reply_of([1, 2], {"a": 1}), "cannot be understood"),
        (refusal(200, {"error": "Unexpected endpoint or method."}), "Unexpected endpoint"),
        (refusal(200, {"error": "Unexpected endpoint or method.", "data": []}), "Unexpected"),
        (refusal(200, [1, 2]), "cannot be understood"),
        (refusal(200, {"data": ["x", "y"]}), "cannot be understood"),
        (refusal(200, "<html>Sign in</html>"), "cannot be understood"),
    ],
)
def test_reply_that_is_no_use_is_a_clear_error(
    model: FakeModelServer, raw_reply: RawReply, words: str
) -> None:
    """Nothing is stored that nothing is found by."""
    model.raw_reply = raw_reply
    with pytest.raises(BadModelRequestError, match=words) as caught:
        embedder_of(model).embed(["a", "b"])
    assert "<" not in caught.value.message


def test_model_that_changes_under_its_name_is_noticed(model: FakeModelServer) -> None:
    """Vectors of two sizes cannot be compared."""
    embedder = embedder_of(model)
    embedder.embed(["a"])
    model.dimensions = 32
    with pytest.raises(BadModelRequestError, match="32 and 64 numbers"):
        embedder.embed(["a"])


def test_blank_text_is_sent_as_a_mark(model: FakeModelServer) -> None:
    """Servers refuse an empty one."""
    assert len(embedder_of(model).embed(["", " \n", "a"])) == 3
    assert model.requests[0]["body"]["input"] == [".", ".", "a"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (
            500,
            {"error": "failed to encode response: json: unsupported value: NaN"},
            BadModelRequestError,
            "NaN",
        ),
        (
            500,
            {"error": "This server does not support embeddings."},
            EmbeddingsUnsupportedError,
            "",
        ),
        (501, {"error": "x"}, EmbeddingsUnsupportedError, ""),
        (403, "<html>403</html>", BadModelRequestError, "403"),
        (500, "<html>500</html>", ModelOverloadedError, ""),
    ],
)
def test_errors_of_embedding_servers_are_told_apart(
    model: FakeModelServer, status: int, body: object, kind: type[AskqueueError], words: str
) -> None:
    """What no retry can change is not tried again."""
    model.raw_reply = refusal(status, body)
    with pytest.raises(kind) as caught:
        embedder_of(model).embed(["a"])
    assert words in caught.value.message
    assert "<" not in caught.value.message


def test_good_server_is_asked_once_for_each_batch(model: FakeModelServer) -> None:
    """Nothing is tried out beforehand."""
    embedder_of(model).embed(TEXTS)
    assert sizes_of(model) == [64, 64, 22]


def test_document_says_which_passages_the_model_knows_in_part(
    connection: redis.Redis,
    make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
    model: FakeModelServer,
) -> None:
    """It is indexed and found by all of its words, with a note; a short one has none."""

    def refuse(request: dict[str, Any]) -> RawReply | None:
        is_long = any(count_pieces(text) > 512 for text in request.get("input", ()))
        return refusal(*LENGTHS["tei"]) if is_long else None

    model.reply_to = refuse
    settings = make_settings(openai_base_url=model.base_url, embedding_model="stub")
    with inline_worker(settings, monkeypatch) as worker:
        documents = build_clients(settings).documents
        long, _ = documents.add("ann", "long.txt", b"word 12 " * 400 + b"ending")
        short, _ = documents.add("ann", "short.txt", b"A word.")
        worker.work("indexing")
        [note] = documents.get(long.id).notes
        assert "1 passage is longer than the embedding model takes" in note
        assert documents.get(short.id).notes == ()
        index = worker.runtime.index
        found = index.search("ending", 2, index.target_collection, user="ann")
        assert found[0].document_id == long.id
