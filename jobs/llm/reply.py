"""Reads the events of one chat reply: its text without thoughts, the tokens used, how it ended."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from jobs.errors import NoAnswerError, StreamInterruptedError
from jobs.llm.echoes import EchoFilter
from jobs.llm.errors import error_in_stream, not_openai
from jobs.llm.event_stream import DONE, read_events
from jobs.llm.thoughts import ThoughtFilter
from jobs.models import TokenUse

CUT_OFF = (
    "The model stopped at its length limit, so that this answer may be incomplete. Ask for less at "
    "once, or raise MAX_ANSWER_TOKENS."
)
BROKEN_OFF = "The model server ended this answer without saying that it is complete: it may be cut."
FILTERED = "The model server's content filter stopped this answer, so that it may be incomplete."
DECLINED = "The model declined to answer this."
WANTED_TOOL = "The model wanted to call a tool here, so that this answer may be incomplete."

# What servers call the ends of an answer, in lower case; any other name is a whole one.
_LENGTH = {"length", "max_tokens", "max_output_tokens", "model_length", "max_completion_tokens"}
_FILTERS = {
    "content_filter",
    "content_filtered",
    "safety",
    "recitation",
    "blocklist",
    "prohibited_content",
    "spii",
    "refusal",
    "sensitive",
    "error_toxic",
    "guardrail_intervened",
}
_ERRORS = {"error", "network_error", "abort", "cancelled", "insufficient_system_resource"}
_TOOLS = {"tool_calls", "function_call", "tool_use", "malformed_function_call"}
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thought")


class OutOfTokensError(NoAnswerError):
    """The reply came to its length limit before an answer began."""


@dataclass(frozen=True)
class Chunk:
    """A piece of an answer: text, or at the end the tokens used or a note.

    `thinking` says that the model thinks, `takes_back` that the text so far was thoughts and does
    not count. With `passages`, only so many of them were given to the model.
    """

    text: str = ""
    tokens: TokenUse | None = None
    note: str = ""
    thinking: bool = False
    takes_back: bool = False
    passages: int | None = None


def read_reply(
    response: httpx2.Response, thoughts: ThoughtFilter, boundary: str = ""
) -> Iterator[Chunk]:
    """Yield the answer in chunks, the tokens used and a note, if its end calls for one.

    Lines of the prompt that bear its boundary are taken out, should the model repeat them. A reply
    that says nothing is a broken one if it is a stream by its type, else none at all. Raises
    NoAnswerError for a reply without an answer, which must not pass for "not found", and
    what `error_in_stream` returns.
    """
    reply, echoes = _Reply(response), EchoFilter(boundary)
    has_text = tells_thinking = False
    try:
        for event in read_events(response.iter_bytes()):
            if event is DONE:  # some servers leave the connection open
                reply.is_over = True
                break
            text, takes_back = thoughts.feed(reply.read(event))
            if takes_back:
                echoes, has_text = EchoFilter(boundary), False
                yield Chunk(takes_back=True)
            if text := echoes.feed(text):
                has_text = has_text or bool(text.strip())
                yield Chunk(text)
            if not tells_thinking and not has_text and (reply.thinks or thoughts.is_thinking):
                tells_thinking = True
                yield Chunk(thinking=True)
    except ValueError as error:
        raise (StreamInterruptedError() if reply.is_understood else not_openai(response)) from error
    except httpx2.HTTPError:
        if not reply.is_complete:
            raise
    text, takes_back = thoughts.finish(is_complete=reply.is_complete)
    if takes_back:
        echoes, has_text = EchoFilter(boundary), False
        yield Chunk(takes_back=True)
    if text := echoes.feed(text, is_end=True):
        has_text = has_text or bool(text.strip())
        yield Chunk(text)
    yield from reply.finish(has_text=has_text, has_thoughts=thoughts.has_thoughts)


class _Reply:
    """What the events have said so far."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.is_understood = False
        self.thinks = False
        self._reason = ""
        self.is_over = False
        self._has_delta = False
        self._declined = False
        self._tokens: TokenUse | None = None

    @property
    def is_complete(self) -> bool:
        """True if the server said that the answer has ended, and not for its length."""
        is_over = self.is_over or bool(self._reason)
        return is_over and self._reason not in _LENGTH | _ERRORS

    def read(self, event: Any) -> str:
        """Return the text of an event; raises what it reports, if that is an error."""
        if isinstance(event, list):
            event = next((item for item in event if isinstance(item, dict)), None)
        if not isinstance(event, dict):
            return ""
        if _reports_error(event):
            raise error_in_stream(event.get("error") or event)
        choices = event.get("choices")
        self._count(event.get("usage") or _dict(event.get("x_groq")).get("usage"))
        if not isinstance(choices, list):
            return ""
        self.is_understood = True
        text = "".join(self._read_choice(choice) for choice in choices if isinstance(choice, dict))
        if text:
            self.is_over = False
        elif not choices and event.get("usage"):
            self.is_over = True  # the usage alone comes last
        return text

    def _read_choice(self, choice: dict[str, Any]) -> str:
        if choice.get("index") not in (None, 0):
            return ""
        if choice.get("error"):
            raise error_in_stream(choice["error"])
        self._count(choice.get("usage"))
        if isinstance(reason := choice.get("finish_reason"), str) and reason:
            self._reason = reason.lower()
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._has_delta = True
        elif not self._has_delta:  # some repeat the whole message when they have streamed it
            delta = choice.get("message", {"content": choice.get("text")})
        message = _dict(delta)
        self.thinks = self.thinks or any(message.get(name) for name in _THOUGHT_FIELDS)
        text = self._text(message.get("content"))
        if isinstance(refusal := message.get("refusal"), str) and refusal:
            self._declined = True
            text += refusal
        return text.encode(errors="replace").decode()  # JSON can escape halves of characters

    def _text(self, content: object) -> str:
        if isinstance(content, str):
            return content
        if isinstance(content, list):
            return "".join(self._text(part) for part in content)
        if not isinstance(content, dict):
            return ""
        kind = str(content.get("type") or "text")
        if content.get("thought") is True or "think" in kind or "reason" in kind:
            self.thinks = True
            return ""
        if kind == "refusal":
            self._declined = True
            return str(content.get("refusal") or "")
        if kind not in ("text", "output_text", "text_delta"):
            return ""
        text = content.get("text")
        return str(_dict(text).get("value") or "") if isinstance(text, dict) else str(text or "")

    def _count(self, usage: object) -> None:
        """Keep the most that was said: some count on in each event, some end with zeros."""
        if not isinstance(usage, dict):
            return
        before = self._tokens or TokenUse()
        now = token_use(usage)
        used = TokenUse(max(before.prompt, now.prompt), max(before.completion, now.completion))
        if used != TokenUse():
            self._tokens = used

    def finish(self, *, has_text: bool, has_thoughts: bool) -> Iterator[Chunk]:
        """Yield the tokens and a note; raises if there is no answer, or only a part of one."""
        is_stream = "event-stream" in self._response.headers.get("content-type", "")
        if not self.is_understood and not is_stream:
            raise not_openai(self._response)
        if self._reason in _ERRORS:
            raise StreamInterruptedError()
        if not has_text:
            raise self._no_answer(has_thoughts=has_thoughts or self.thinks)
        if self._tokens is not None:
            yield Chunk(tokens=self._tokens)
        if self._declined:
            yield Chunk(note=DECLINED)
        elif note := self._note():
            yield Chunk(note=note)

    def _note(self) -> str:
        if self._reason in _LENGTH:
            return CUT_OFF
        if self._reason in _FILTERS:
            return FILTERED
        if self._reason in _TOOLS:
            return WANTED_TOOL
        return "" if self._reason or self.is_over else BROKEN_OFF

    def _no_answer(self, *, has_thoughts: bool) -> NoAnswerError | StreamInterruptedError:
        if not self._reason and not self.is_over:
            return StreamInterruptedError()
        if self._reason in _FILTERS:
            return NoAnswerError(
                "The model server's content filter stopped this answer before it began. Ask in "
                "other words, or of other documents."
            )
        if self._reason in _TOOLS:
            return NoAnswerError(
                "The model wanted to call a tool instead of answering. Turn its tools off on the "
                "model server, or change CHAT_MODEL."
            )
        error = OutOfTokensError if self._reason in _LENGTH else NoAnswerError
        if has_thoughts:
            return error(
                "The model only thought, and gave no answer. Retry, raise the output limit of the "
                "model server, turn its thinking off, or change CHAT_MODEL."
            )
        if self._reason in _LENGTH:
            return error(
                "The model stopped at its length limit before it answered. Raise the output limit "
                "of the model server, or its context, or lower PASSAGES_PER_ANSWER."
            )
        return NoAnswerError()


def token_use(usage: Mapping[str, Any]) -> TokenUse:
    """Return the counts of a reply; null, words and what is no count are zero."""
    return TokenUse(
        _number(usage.get("prompt_tokens", usage.get("input_tokens"))),
        _number(usage.get("completion_tokens", usage.get("output_tokens"))),
    )


def _number(value: object) -> int:
    try:
        number = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return 0
    return int(number) if math.isfinite(number) and number > 0 else 0


def _reports_error(event: Mapping[str, Any]) -> bool:
    if event.get("error"):
        return True
    # vLLM, Anthropic, and servers whose errors have the status 200.
    return (
        event.get("object") == "error"
        or event.get("type") == "error"
        or (
            not any(key in event for key in ("choices", "usage", "data"))
            and any(key in event for key in ("detail", "error_code", "error_msg", "errors"))
        )
    )


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
