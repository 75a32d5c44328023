"""The reranker over HTTP: its protocols, its errors, and what an answer says of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from jobs.errors import (
    BadApiKeyError,
    BadModelRequestError,
    ModelError,
    ModelTimeoutError,
    ModelUnavailableError,
    UnknownModelError,
)
from jobs.llm import rerank as reranking_server
from jobs.llm.rerank import MAX_TEXTS, Reranker, build_reranker
from jobs.models import Passage
from jobs.search.reranking import rerank
from jobs.settings import Settings
from tests.fakes import FakeModelServer, RawReply

JSON = "application/json"
TEXTS = ["Frogs live in ponds.", "The limit is EUR 160.", "Meals are paid."]
QUESTION = "What is the limit?"


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer() as made:
        yield made


def reply(body: object, status: int = 200) -> RawReply:
    return status, JSON, (body if isinstance(body, str) else json.dumps(body)).encode()


def reranker_of(server: FakeModelServer, path: str = "/rerank", key: str = "") -> Reranker:
    return Reranker(server.base_url + path, key, "bge")


def results(*pairs: tuple[int, float], field: str = "relevance_score") -> list[dict[str, float]]:
    return [{"index": index, field: score} for index, score in pairs]


def passages_of(texts: list[str]) -> list[Passage]:
    return [Passage(str(number), "d", "d.md", text) for number, text in enumerate(texts)]


@pytest.mark.parametrize("path", ["", "/", "/rerank", "/rerank/"])
def test_cohere_orders_by_relevance(server: FakeModelServer, path: str) -> None:
    """Question, documents, model and key go to `/rerank`, however the address ends."""
    server.raw_reply = reply({"results": results((1, 0.9), (0, 0.2), (2, 0.4))})
    assert reranker_of(server, path, "secret").rerank(QUESTION, TEXTS) == [1, 2, 0]
    [request] = server.requests
    assert request["path"] == "/v1/rerank"
    assert request["body"] == {"query": QUESTION, "documents": TEXTS, "model": "bge"}
    assert request["authorization"] == "Bearer secret"


def test_text_left_out_is_last(server: FakeModelServer) -> None:
    """A server that returns the best alone, as with `top_n`."""
    server.raw_reply = reply({"results": results((2, 0.9), (1, -3.0))})
    assert reranker_of(server).rerank(QUESTION, TEXTS) == [2, 1, 0]


def test_tei_is_recognised_once(server: FakeModelServer) -> None:
    """It asks for `texts`, gets them, and is not asked in the other way again."""

    def tei(request: dict[str, object]) -> RawReply:
        if "texts" not in request:
            return reply("Failed to deserialize the JSON body: missing field `texts`", 422)
        return reply(results((0, 0.1), (1, 0.8), (2, 0.3), field="score"))

    server.reply_to = tei
    reranker = reranker_of(server)
    assert reranker.rerank(QUESTION, TEXTS) == [1, 2, 0]
    assert reranker.rerank(QUESTION, TEXTS) == [1, 2, 0]
    assert [list(request["body"]) for request in server.requests] == [
        ["query", "documents", "model"],
        ["query", "texts", "truncate", "model"],
        ["query", "texts", "truncate", "model"],
    ]


ERRORS: dict[str, tuple[RawReply, type[ModelError], str]] = {
    "key": (reply({"error": {"message": "no such key"}}, 401), BadApiKeyError, "RERANK_API_KEY"),
    "address": (reply({"detail": "Not Found"}, 404), UnknownModelError, "RERANK_URL"),
    "no list": (reply({"results": {}}), BadModelRequestError, "RERANK_URL"),
    "empty": (reply({"results": []}), BadModelRequestError, "RERANK_URL"),
    "other": (reply({"data": []}), BadModelRequestError, "RERANK_URL"),
    "beyond": (reply({"results": results((7, 0.5))}), BadModelRequestError, "RERANK_URL"),
    "before": (reply({"results": results((-1, 0.5))}), BadModelRequestError, "RERANK_URL"),
    "nan": (reply('{"results": [{"index": 0, "score": NaN}]}'), BadModelRequestError, "RERANK_URL"),
    "words": (reply({"results": ["best"]}), BadModelRequestError, "RERANK_URL"),
    "no score": (reply({"results": [{"index": 0}]}), BadModelRequestError, "RERANK_URL"),
    "page": ((200, "text/html", b"<html>Hello"), BadModelRequestError, "RERANK_URL"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error_names_the_setting(server: FakeModelServer, name: str) -> None:
    """Whatever is wrong, the sentence says what to set, and not the settings of other models."""
    server.raw_reply, kind, setting = ERRORS[name]
    with pytest.raises(kind, match=setting) as caught:
        reranker_of(server).rerank(QUESTION, TEXTS)
    assert "OPENAI" not in caught.value.message


def test_server_that_is_away_is_an_error(server: FakeModelServer) -> None:
    """Nothing listens there."""
    with pytest.raises(ModelUnavailableError, match="RERANK_URL"):
        Reranker("http://127.0.0.1:9/rerank", "", "").rerank(QUESTION, TEXTS)


def test_slow_server_is_not_waited_for(
    server: FakeModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that does not come ends with an error, as in the old order."""
    monkeypatch.setattr(reranking_server, "TIMEOUT_SECONDS", 0.2)
    server.raw_reply, server.raw_hangs = reply("{"), True
    with pytest.raises(ModelTimeoutError, match="reranker"):
        reranker_of(server).rerank(QUESTION, TEXTS)


def test_passages_are_reordered_and_the_rest_stays(server: FakeModelServer) -> None:
    """No more are sent than a server takes; those behind follow as they were."""
    texts = [f"text {number}" for number in range(MAX_TEXTS + 2)]
    server.raw_reply = reply({"results": results((5, 0.9), (0, 0.8))})
    found, notes = rerank(reranker_of(server), QUESTION, passages_of(texts))
    assert [each.id for each in found][:3] == ["5", "0", "1"]
    assert [each.id for each in found][-2:] == [str(MAX_TEXTS), str(MAX_TEXTS + 1)]
    assert (len(found), notes) == (len(texts), ())
    assert server.requests[0]["body"]["documents"] == texts[:MAX_TEXTS]


def test_failure_leaves_the_order_and_says_so(server: FakeModelServer) -> None:
    """The answer is made all the same; its note has the reason."""
    server.raw_reply = reply({"error": "busy"}, 503)
    passages = passages_of(TEXTS)
    found, [note] = rerank(reranker_of(server), QUESTION, passages)
    assert found == passages
    assert note.startswith("The passages were not reranked: ")


def test_without_a_reranker_nothing_changes(
    make_settings: Callable[..., Settings],
) -> None:
    """It is off by default."""
    assert build_reranker(make_settings()) is None
    assert rerank(None, QUESTION, passages_of(TEXTS)) == (passages_of(TEXTS), ())


def test_its_key_is_its_own(
    make_settings: Callable[..., Settings], server: FakeModelServer
) -> None:
    """The key of the chat model is not sent to the reranker."""
    server.raw_reply = reply({"results": results((0, 1.0))})
    settings = make_settings(openai_api_key="sk-chat", rerank_url=f"{server.base_url}/rerank")
    reranker = build_reranker(settings)
    assert reranker is not None
    reranker.rerank(QUESTION, TEXTS)
    assert "sk-chat" not in server.requests[0]["authorization"]
    assert "model" not in server.requests[0]["body"]
