"""Replies with status 200 as servers really write them: thoughts, parts, counts and ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from jobs.errors import AskqueueError, BadModelRequestError, NoAnswerError, StreamInterruptedError
from jobs.llm import reply
from jobs.llm.chat import ChatModel
from jobs.llm.reply import Chunk
from jobs.llm.rewriting import Turn
from jobs.models import Passage, TokenUse
from tests.fakes import FakeModelServer, RawReply, events, says

PASSAGES = [Passage("p", "d", "travel.md", "The hotel limit is EUR 160 per night.")]
ANSWER = "The limit is EUR 160 [1]."
STOP = {"delta": {"content": ""}, "finish_reason": "stop"}
TURNS = [Turn("What is the limit?", "EUR 160.")]


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


def chat_of(model: FakeModelServer) -> ChatModel:
    return ChatModel(model.base_url, "k", "stub", 5)


def ask(model: FakeModelServer, chat: ChatModel | None = None) -> list[Chunk]:
    return list((chat or chat_of(model)).stream("What is the limit?", PASSAGES))


def text_of(chunks: list[Chunk]) -> str:
    """The text on the page at the end."""
    text = ""
    for chunk in chunks:
        text = "" if chunk.takes_back else text + chunk.text
    return text.strip()


def notes_of(chunks: list[Chunk]) -> list[str]:
    return [chunk.note for chunk in chunks if chunk.note]


def whole(message: dict[str, Any], reason: str = "stop", indent: int | None = None) -> RawReply:
    """A reply that is no stream."""
    body = {
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }
    return 200, "application/json", json.dumps(body, indent=indent).encode()


THOUGHTS = {
    "tags": events(says("<think>\nPassage [2] is old.\n</think>\n\n"), says(ANSWER), STOP),
    "split": events(*map(says, ["<th", "ink>[2] is", " old</thi", "nk>", ANSWER]), STOP),
    "reasoning_content": events(
        {"delta": {"reasoning_content": "Passage [2].", "content": None}}, says(ANSWER), STOP
    ),
    "reasoning": events({"delta": {"reasoning": "[2]", "content": ""}}, says(ANSWER), STOP),
    "thinking": events({"delta": {"thinking": "[2]"}}, says(ANSWER), STOP),
    "details": events({"delta": {"reasoning_details": [{"text": "[2]"}]}}, says(ANSWER), STOP),
    "parts": events(
        says([{"type": "thinking", "thinking": [{"type": "text", "text": "[2]"}]}]),
        says([{"type": "text", "text": ANSWER}]),
        STOP,
    ),
    "thought-part": events(says([{"text": "[2]", "thought": True}, {"text": ANSWER}]), STOP),
    "both": events(
        {"delta": {"reasoning": "[2]", "content": "<think>[2]</think>"}}, says(ANSWER), STOP
    ),
    "unclosed": events(says(ANSWER), says("\n<think>Is that so? [2]"), STOP),
    "whole": whole({"content": f"<think>[2]</think>{ANSWER}", "reasoning_content": "[3]"}),
}


@pytest.mark.parametrize("raw_reply", THOUGHTS.values(), ids=THOUGHTS)
def test_thoughts_are_never_part_of_an_answer(model: FakeModelServer, raw_reply: RawReply) -> None:
    """In whatever place they come; that the model thinks is told, once."""
    model.raw_reply = raw_reply
    chunks = ask(model)
    assert text_of(chunks) == ANSWER
    assert "[2]" not in "".join(chunk.text for chunk in chunks)
    assert sum(chunk.thinking for chunk in chunks) <= 1
    assert notes_of(chunks) == []


def test_closing_tag_alone_takes_back_what_was_shown(model: FakeModelServer) -> None:
    """The next answer of the model, also by another client of it, waits for that tag."""
    model.raw_reply = events(says("Passage [2]. "), says("</think>"), says(ANSWER), STOP)
    chat = chat_of(model)
    first = ask(model, chat)
    assert [chunk.takes_back for chunk in first].count(True) == 1
    assert text_of(first) == ANSWER
    second = ask(model, chat.with_model("stub"))
    assert second[0].thinking
    assert [chunk.text for chunk in second if chunk.text] == [ANSWER]


@pytest.mark.parametrize(
    "raw_reply",
    [
        events(says("<think>Only thoughts, cut off"), {"delta": {}, "finish_reason": "length"}),
        events(says("<think>Only thoughts"), STOP),
        events(says("Only thoughts</think>"), STOP),
        events({"delta": {"reasoning_content": "Only thoughts"}}, STOP),
        events(says([{"type": "thinking", "thinking": "Only thoughts"}]), STOP),
        whole({"content": None, "reasoning": "Only thoughts"}),
    ],
)
def test_reply_of_thoughts_alone_is_an_error(model: FakeModelServer, raw_reply: RawReply) -> None:
    """It is no empty answer, and not "not found": the sentence says what to change."""
    model.raw_reply = raw_reply
    with pytest.raises(NoAnswerError, match="only thought"):
        ask(model)


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "The limit "}, {"type": "text", "text": "is EUR 160 [1]."}],
        [{"type": "output_text", "text": ANSWER}],
        [{"type": "text", "text": {"value": ANSWER}}],
        [{"text": ANSWER}, {"type": "image_url", "image_url": "x"}, None, 7],
        ["The limit is ", "EUR 160 [1]."],
        {"type": "text", "text": ANSWER},
    ],
)
def test_content_in_parts_is_joined(model: FakeModelServer, content: object) -> None:
    """Text is text; pictures and calls are none."""
    for raw_reply in (events(says(content), STOP), whole({"content": content})):
        model.raw_reply = raw_reply
        assert text_of(ask(model)) == ANSWER


@pytest.mark.parametrize(
    "choice",
    [{"delta": {"refusal": "I can't."}}, says([{"type": "refusal", "refusal": "I can't."}])],
)
def test_refusal_is_shown_and_named(model: FakeModelServer, choice: dict[str, Any]) -> None:
    """In the words of the model."""
    model.raw_reply = events(choice, STOP)
    chunks = ask(model)
    assert text_of(chunks) == "I can't."
    assert notes_of(chunks) == [reply.DECLINED]


def usage(**counts: object) -> str:
    return f"data: {json.dumps({'choices': [], 'usage': counts})}\n\n"


@pytest.mark.parametrize(
    ("lines", "tokens"),
    [
        ([usage(prompt_tokens=None, completion_tokens=None)], None),
        ([usage(prompt_tokens="12", completion_tokens="3")], TokenUse(12, 3)),
        ([usage(prompt_tokens=12.0, completion_tokens=None)], TokenUse(12, 0)),
        ([usage(prompt_tokens=12)], TokenUse(12, 0)),
        ([usage(prompt_tokens=-1, completion_tokens=[])], None),
        ([usage(prompt_tokens="many", completion_tokens=float("nan"))], None),
        ([usage(input_tokens=12, output_tokens=3)], TokenUse(12, 3)),
        (
            [
                usage(prompt_tokens=12, completion_tokens=1),
                usage(prompt_tokens=12, completion_tokens=3),
                usage(prompt_tokens=0, completion_tokens=0),
            ],
            TokenUse(12, 3),
        ),
        (['data: {"choices": [], "usage": null}\n\n'], None),
        (['data: {"choices": [], "usage": "none"}\n\n'], None),
        (['data: {"x_groq": {"usage": {"prompt_tokens": 12}}, "choices": []}\n\n'], TokenUse(12)),
        ([], None),
    ],
)
def test_tokens_are_counted_as_far_as_they_are_told(
    model: FakeModelServer, lines: list[str], tokens: TokenUse | None
) -> None:
    """Null, words, sums in each event and zeros at the end cost nobody an answer."""
    model.raw_reply = events(says(ANSWER), STOP, *lines)
    chunks = ask(model)
    assert text_of(chunks) == ANSWER
    assert [chunk.tokens for chunk in chunks if chunk.tokens] == ([tokens] if tokens else [])


def test_tokens_of_a_choice_count(model: FakeModelServer) -> None:
    """Moonshot has them there."""
    model.raw_reply = events(says(ANSWER), {**STOP, "usage": {"prompt_tokens": 5}})
    assert ask(model)[-1].tokens == TokenUse(5, 0)


@pytest.mark.parametrize(
    ("raw_reply", "notes"),
    [
        (events(says(ANSWER), done=False), [reply.BROKEN_OFF]),
        (events(says(ANSWER, finish_reason=""), done=False), [reply.BROKEN_OFF]),
        (events(says(ANSWER), STOP, done=False), []),
        (events(says(ANSWER)), []),
        (events(says(ANSWER), usage(prompt_tokens=1), done=False), []),
        (events(usage(prompt_tokens=1), says(ANSWER), done=False), [reply.BROKEN_OFF]),
        (events(says(ANSWER), {"delta": {}, "finish_reason": "eos"}, done=False), []),
        (events(says(ANSWER), {"delta": {}, "finish_reason": "length"}), [reply.CUT_OFF]),
        (events(says(ANSWER), {"delta": None, "finish_reason": "MAX_TOKENS"}), [reply.CUT_OFF]),
        (events(says(ANSWER, finish_reason="model_length")), [reply.CUT_OFF]),
        (events(says(ANSWER), {"finish_reason": "content_filter"}), [reply.FILTERED]),
        (events(says(ANSWER), {"delta": {}, "finish_reason": "SAFETY"}), [reply.FILTERED]),
        (events(says(ANSWER), {"delta": {}, "finish_reason": "tool_calls"}), [reply.WANTED_TOOL]),
        (whole({"content": ANSWER}, "length"), [reply.CUT_OFF]),
        (whole({"content": ANSWER}), []),
    ],
)
def test_answer_says_if_it_may_be_cut(
    model: FakeModelServer, raw_reply: RawReply, notes: list[str]
) -> None:
    """By its reason to finish, and by a stream that ends without saying so."""
    model.raw_reply = raw_reply
    chunks = ask(model)
    assert text_of(chunks) == ANSWER
    assert notes_of(chunks) == notes


@pytest.mark.parametrize(
    ("raw_reply", "kind", "words"),
    [
        (events(says(""), done=False), StreamInterruptedError, "broke off"),
        (events(": ping\n\n", "data: {}\n\n", done=False), StreamInterruptedError, "broke off"),
        (events(done=False), StreamInterruptedError, "broke off"),
        ((200, "application/json", b"{}"), BadModelRequestError, "understood"),
        ((200, "application/json", b""), BadModelRequestError, "understood"),
        (events(says("a"), "data: {broken\n\n"), StreamInterruptedError, "broke off"),
        (
            events(says("a"), {"delta": {}, "finish_reason": "error"}),
            StreamInterruptedError,
            "broke off",
        ),
        (
            events(says("a"), {"delta": {}, "finish_reason": "insufficient_system_resource"}),
            StreamInterruptedError,
            "broke off",
        ),
        (events({"delta": {}, "finish_reason": "content_filter"}), NoAnswerError, "filter"),
        (events({"delta": {}, "finish_reason": "tool_calls"}), NoAnswerError, "tool"),
        (events({"delta": {}, "finish_reason": "length"}), NoAnswerError, "length limit"),
        (events(STOP), NoAnswerError, "empty answer"),
        (events(says(" \n"), STOP), NoAnswerError, "empty answer"),
        (whole({"content": None}), NoAnswerError, "empty answer"),
    ],
)
def test_reply_without_an_answer_says_why(
    model: FakeModelServer, raw_reply: RawReply, kind: type[AskqueueError], words: str
) -> None:
    """What came to nothing by itself is tried again; the rest has advice."""
    model.raw_reply = raw_reply
    with pytest.raises(kind, match=words) as caught:
        ask(model)
    assert caught.value.retryable is (kind is StreamInterruptedError)


@pytest.mark.parametrize("indent", [None, 2])
def test_reply_that_is_no_stream_is_read(model: FakeModelServer, indent: int | None) -> None:
    """A server that ignores `stream` answers all the same."""
    model.raw_reply = whole({"role": "assistant", "content": ANSWER}, indent=indent)
    chunks = ask(model)
    assert text_of(chunks) == ANSWER
    assert chunks[-1].tokens == TokenUse(7, 3)


@pytest.mark.parametrize(
    ("raw_reply", "timeout_seconds"),
    [(events(says(ANSWER), STOP), 3600.0), (events(says(ANSWER), STOP, done=False), 0.3)],
)
def test_connection_that_stays_open_holds_up_no_answer(
    model: FakeModelServer, raw_reply: RawReply, timeout_seconds: float
) -> None:
    """The end marker is the end. Without it, silence after a reason to finish is one."""
    model.raw_reply, model.raw_hangs = raw_reply, True
    chunks = list(ChatModel(model.base_url, "k", "stub", timeout_seconds).stream("What?", PASSAGES))
    assert (text_of(chunks), notes_of(chunks)) == (ANSWER, [])


def test_message_that_repeats_the_stream_counts_once(model: FakeModelServer) -> None:
    """Some servers add the whole message to the last event; others send a second choice."""
    last = {"message": {"content": ANSWER}, "finish_reason": "stop"}
    model.raw_reply = events(says(ANSWER), says("other", index=1), last)
    assert text_of(ask(model)) == ANSWER


def test_boundary_of_the_prompt_is_taken_out(model: FakeModelServer) -> None:
    """A model that repeats the lines around a passage shows its words alone."""

    def echo(request: dict[str, Any]) -> RawReply:
        boundary = request["messages"][-1]["content"].split("\n")[0].removeprefix("Boundary: ")
        text = f"<<{boundary}\nEUR 160 [1]\n{boundary}>>\nBoundary: {boundary}\nas {boundary} says"
        return events(*(says(text[at : at + 3]) for at in range(0, len(text), 3)), STOP)

    model.reply_to = echo
    assert text_of(ask(model)) == "EUR 160 [1]\nas  says"


@pytest.mark.parametrize(
    "raw_reply",
    [
        whole({"content": "<think>Oslo?</think>What is the limit in Oslo?"}),
        whole({"content": [{"type": "text", "text": "What is the limit in Oslo?"}]}),
        whole({"content": "They mean Oslo.</think>What is the limit in Oslo?"}),
        events(says("What is the "), says("limit in Oslo?"), STOP),
    ],
)
def test_follow_up_is_rewritten_by_servers_of_every_kind(
    model: FakeModelServer, raw_reply: RawReply
) -> None:
    """Also by one that streams what was not asked to be streamed."""
    model.raw_reply = raw_reply
    rewriting = chat_of(model).rewrite("And in Oslo?", TURNS)
    assert rewriting.text == "What is the limit in Oslo?"
    assert "stream" not in model.requests[-1]["body"]


@pytest.mark.parametrize("content", [None, "", "<think>only"])
def test_follow_up_without_a_rewriting_is_left_as_it_is(
    model: FakeModelServer, content: str | None
) -> None:
    """That is no reason to fail the question."""
    model.raw_reply = whole({"content": content})
    assert chat_of(model).rewrite("And in Oslo?", TURNS).text == ""
