"""The tokens of RTF (version 1.9.1): control words, groups, and bytes of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?"
    rb"|\\'([0-9a-fA-F]{2})"
    rb"|\\([^a-zA-Z])"
    rb"|([{}])"
    rb"|[\r\n\0]+"
    rb"|([^\\{}\r\n\0]+)",
    re.DOTALL,
)


class Token(NamedTuple):
    """One of: a control word with its number, a symbol, a brace as `word`, or text as bytes.

    `end` is where it ends in the file.
    """

    word: str = ""
    number: int | None = None
    text: bytes = b""
    end: int = 0


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens of a file; binary data is skipped."""
    at = 0
    while (match := _TOKEN.match(data, at)) is not None:
        at = match.end()
        word, number, code, symbol, brace, text = match.groups()
        if word:
            value = int(number) if number else None
            if word == b"bin":
                at += max(0, value or 0)
            else:
                yield Token(word.decode(), value, end=at)
        elif code:
            yield Token(text=bytes.fromhex(code.decode()), end=at)
        elif symbol in (b"{", b"}", b"\\"):
            yield Token(text=symbol, end=at)
        elif symbol:
            yield Token(word=symbol.decode("latin-1"), end=at)
        elif brace:
            yield Token(word=brace.decode(), end=at)
        elif text:
            yield Token(text=text, end=at)
