"""Reads the body of a chat reply: server-sent events as servers really send them, or plain JSON.

Keep-alive frames, blank data, single line breaks between events, a last event without a blank line
and a reply that is one JSON document in spite of `stream` are all read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

# The marker that ends a stream of OpenAI's.
DONE = object()
# Nothing that a model writes is as long as this; it bounds what a broken server can fill up.
MAX_EVENT_BYTES = 16_000_000
MAX_EVENT_LINES = 2000


def read_events(pieces: Iterable[bytes]) -> Iterator[object]:
    """Yield the JSON of each event, and `DONE` for the end marker.

    Data of an event named "error" is yielded below the key `error`. Raises ValueError for an event
    that is no JSON.
    """
    name, is_framed = "", False
    pending: list[str] = []
    for line in _lines(pieces):
        field, value = _split(line)
        if field == "event":
            name = value
            continue
        if field == "" and not value:
            if is_framed and pending:
                raise ValueError("an event that is no JSON")
            name = "" if is_framed or not pending else name
            continue
        if field not in ("data", ""):
            continue
        if not pending:
            if value.strip('"').startswith("[DONE]"):
                yield DONE
                continue
            if not value.startswith(("{", "[")):
                if field == "data" and name == "error" and value:
                    yield {"error": value}
                continue  # keeps the connection alive, or says nothing to us
            is_framed = field == "data"
        pending.append(value)
        if len(pending) > MAX_EVENT_LINES:
            raise ValueError("an event without an end")
        # Only a line that ends like a document can complete one.
        if value.endswith(("}", "]")) and (event := _parse("\n".join(pending))) is not None:
            pending.clear()
            yield _named(event, name)
    if pending:
        raise ValueError("an event that is no JSON")


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines, the last one also without an end."""
    tail: list[bytes] = []
    size = 0
    for piece in pieces:
        first, *others = piece.split(b"\n")
        tail.append(first)
        size += len(first)
        if size > MAX_EVENT_BYTES:
            raise ValueError("a line without an end")
        for other in others:
            yield _decode(b"".join(tail))
            tail, size = [other], len(other)
    yield _decode(b"".join(tail))


def _decode(line: bytes) -> str:
    return line.decode(errors="replace").removeprefix("\ufeff").rstrip("\r")


def _split(line: str) -> tuple[str, str]:
    """Return a line's field and value; a line of plain JSON has the field ""."""
    field, colon, value = line.partition(":")
    if colon and field in ("data", "event", "id", "retry"):
        return field, value.strip()
    return ("comment", "") if line.startswith(":") else ("", line.strip())


def _parse(text: str) -> object | None:
    """Return the document; None while it is incomplete."""
    try:
        document: object = json.loads(text)
    except RecursionError as error:
        raise ValueError("an event nested too deep") from error
    except ValueError:
        return None
    return document


def _named(event: object, name: str) -> object:
    if name == "error" and not (isinstance(event, dict) and event.get("error")):
        return {"error": event}
    return event
