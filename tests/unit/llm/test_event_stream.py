"""Reading a chat reply from bytes, as servers frame it."""

from __future__ import annotations

import json

import pytest

from jobs.llm.event_stream import DONE, read_events

A, B = {"choices": [{"delta": {"content": "a"}}]}, {"choices": []}
A_LINE, B_LINE = f"data: {json.dumps(A)}", f"data: {json.dumps(B)}"


def read(text: str | bytes, size: int = 10_000) -> list[object]:
    data = text.encode() if isinstance(text, str) else text
    return list(read_events(data[at : at + size] for at in range(0, len(data), size)))


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    "text",
    [
        f"{A_LINE}\n\n{B_LINE}\n\ndata: [DONE]\n\n",
        f"{A_LINE}\r\n\r\n{B_LINE}\r\n\r\ndata: [DONE]\r\n\r\n",
        f"{A_LINE}\n{B_LINE}\ndata: [DONE]",  # no blank lines, and none at the end
        f"\ufeff{A_LINE}\n\n{B_LINE}\n\ndata:[DONE]\n",
        f": ping\n\n{A_LINE}\n\n: OPENROUTER PROCESSING\n\n{B_LINE}\n\ndata: [DONE]\n\n",
        f"data: : keepalive\n\ndata:\n\n{A_LINE}\n\ndata: \n\n{B_LINE}\n\ndata: [DONE]\n\n",
        f"id: 1\n\nevent: message\nretry: 10\n{A_LINE}\n\n\n{B_LINE}\n\ndata: [DONE]\n\n",
        f"data: null\n\n{A_LINE}\n\ndata: ping\n\n{B_LINE}\n\ndata: [DONE]\n\n",
        json.dumps(A) + "\n" + json.dumps(B) + "\ndata: [DONE]\n",
    ],
)
def test_frames_are_read_as_servers_send_them(text: str, size: int) -> None:
    """Keep-alive frames, blank data and missing blank lines say nothing and hide nothing."""
    assert read(text, size) == [A, B, DONE]


@pytest.mark.parametrize("indent", [None, 2])
def test_reply_that_is_one_document_is_one_event(indent: int | None) -> None:
    """A server that ignores `stream` is read, also if its JSON has lines of its own."""
    assert read(json.dumps(A, indent=indent), 11) == [A]


def test_document_over_several_data_lines_is_one_event() -> None:
    """As the standard has it."""
    lines = "".join(f"data: {line}\n" for line in json.dumps(A, indent=1).splitlines())
    assert read(f"{lines}\n{B_LINE}\n\n") == [A, B]


def test_line_separators_inside_a_text_are_text() -> None:
    """U+2028 and form feeds end no line of a stream."""
    event = {"choices": [{"delta": {"content": "a\u2028b\x85c"}}]}
    assert read(f"data: {json.dumps(event, ensure_ascii=False)}\n\n", 3) == [event]


def test_event_named_error_is_an_error() -> None:
    """With JSON or plain words for data, with or without a key that says so."""
    assert read('event: error\ndata: {"message": "x"}\n\n') == [{"error": {"message": "x"}}]
    assert read('event: error\ndata: {"error": {"message": "x"}}\n\n') == [
        {"error": {"message": "x"}}
    ]
    assert read("event: error\ndata: overloaded\n\n") == [{"error": "overloaded"}]
    assert read(f"event: error\ndata: {{}}\n\n{A_LINE}\n\n")[1] == A


@pytest.mark.parametrize(
    "text", ["data: {broken\n\n", "{broken", "data: " + "[" * 100_000 + "]\n\n"]
)
def test_event_that_is_no_json_is_a_value_error(text: str) -> None:
    """Also one that is nested too deep for a parser."""
    with pytest.raises(ValueError, match="event"):
        read(text)


def test_bytes_that_are_no_text_do_not_end_the_stream() -> None:
    """Half a character is shown as such."""
    assert read(b'data: {"a": "\xc3"}\n\n') == [{"a": "\ufffd"}]


def test_web_page_has_no_events() -> None:
    """Whatever its lines look like."""
    assert read("<!doctype html>\n<html><head><title>Sign in</title>\n<body>x</body>\n") == []
