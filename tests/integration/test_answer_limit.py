"""The limit of an answer, as servers of all kinds know it, or do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jobs.llm.chat import ChatModel
from jobs.models import Passage
from tests.fakes import FakeModelServer, RawReply, events, says
from tests.waiting import HANG_SECONDS

PASSAGES = [Passage("p", "d", "a.md", "The limit is EUR 160."), Passage("q", "d", "a.md", "More.")]
ANSWER = events(says("It is EUR 160 [1]."), {"delta": {}, "finish_reason": "stop"})
NAMES = ("max_tokens", "max_completion_tokens")


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


def error(message: str, status: int = 400) -> RawReply:
    body = {"error": {"message": message, "type": "invalid_request_error"}}
    return status, "application/json", json.dumps(body).encode()


def chat_of(model: FakeModelServer) -> ChatModel:
    return ChatModel(model.base_url, "", "stub", HANG_SECONDS, 500)


def limits_asked(model: FakeModelServer) -> list[dict[str, int]]:
    """The limit of each request, by its name."""
    return [{n: r["body"][n] for n in NAMES if n in r["body"]} for r in model.requests]


def ask(chat: ChatModel) -> str:
    return "".join(chunk.text for chunk in chat.stream("What?", PASSAGES))


def unless(condition: Callable[[dict[str, Any]], bool], message: str, status: int = 400) -> Any:
    return lambda request: ANSWER if condition(request) else error(message, status)


def test_limit_is_sent(model: FakeModelServer) -> None:
    """So that a small model does not run on."""
    ask(chat_of(model))
    assert limits_asked(model) == [{"max_tokens": 500}]


def test_newer_name_is_used_where_the_older_one_is_refused(model: FakeModelServer) -> None:
    """And from the first request on, the next time."""
    model.reply_to = unless(
        lambda request: "max_tokens" not in request,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
    )
    chat = chat_of(model)
    assert ask(chat) == ask(chat) == "It is EUR 160 [1]."
    newer = {"max_completion_tokens": 500}
    assert limits_asked(model) == [{"max_tokens": 500}, newer, newer]


@pytest.mark.parametrize(
    "message",
    ["Extra inputs are not permitted: {}", "'{}' is too large: 500. At most 256.", "Extra inputs"],
)
def test_server_that_knows_no_limit_answers(model: FakeModelServer, message: str) -> None:
    """By no name, or none so high."""

    def reply(request: dict[str, Any]) -> RawReply:
        name = next((name for name in NAMES if name in request), "")
        return error(message.format(name)) if name else ANSWER

    model.reply_to = reply
    chat = chat_of(model)
    assert ask(chat) == "It is EUR 160 [1]."
    asked = len(model.requests)
    assert ask(chat) == "It is EUR 160 [1]."
    assert limits_asked(model)[asked:] == [{}]


def test_limit_goes_before_passages_where_both_do_not_fit(model: FakeModelServer) -> None:
    """Only for the one prompt that was so long."""
    model.reply_to = unless(
        lambda request: "max_tokens" not in request or len(model.requests) > 2,
        "This model's maximum context length is 4096 tokens. However, you requested 4500 tokens "
        "(4000 in the messages, 500 in the completion).",
    )
    chat = chat_of(model)
    notes = [chunk.note for chunk in chat.stream("What?", PASSAGES) if chunk.note]
    ask(chat)
    assert notes == []
    assert limits_asked(model) == [{"max_tokens": 500}, {}, {"max_tokens": 500}]


def test_model_that_thinks_up_its_limit_is_asked_without(model: FakeModelServer) -> None:
    """Servers count its thoughts; the next answer of it has no limit either."""
    thoughts = events(
        {"delta": {"reasoning_content": "Hm"}}, {"delta": {}, "finish_reason": "length"}
    )
    model.reply_to = lambda request: thoughts if "max_tokens" in request else ANSWER
    chat = chat_of(model)
    assert ask(chat) == ask(chat) == "It is EUR 160 [1]."
    assert limits_asked(model) == [{"max_tokens": 500}, {}, {}]


def test_openai_itself_knows_the_newer_name() -> None:
    """Its models refuse the older one."""
    body = ChatModel("", "key", "m", 1, 500)
    assert body._body([], body._first_habits().refuses, stream=True)["max_completion_tokens"] == 500
