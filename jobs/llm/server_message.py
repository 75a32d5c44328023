"""What a model server says of an error, in whatever form: a plain line, and what to know it by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

MAX_WORDS_CHARS = 1000
MAX_TEXT_CHARS = 4000
# Where servers put their sentence, in the order in which it is looked for.
_SENTENCE_KEYS = ("message", "msg", "detail", "error", "error_msg", "error_description", "errors")
_CODE_KEYS = ("code", "type", "status", "reason", "error_type", "error_code", "param")
_TAG = re.compile(r"<[a-zA-Z!/]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd]")


@dataclass(frozen=True)
class ServerMessage:
    """`words` are for people: one line without markup, "" if there are none.

    `text` has all codes and sentences in lower case, to know the error by; `codes` the codes alone.
    """

    words: str = ""
    text: str = ""
    codes: frozenset[str] = frozenset()


def message_of(body: object) -> ServerMessage:
    """Read the body of an error: a dict, a list, a string, JSON in a string, or a web page."""
    if isinstance(body, str):
        with suppress(ValueError, RecursionError):
            body = json.loads(body)
    if isinstance(body, str):
        words = _one_line(body)[:MAX_WORDS_CHARS]
        return ServerMessage(words, words.lower())
    sentence = _sentence(body)
    words, inner = _one_line(sentence), _unpacked(sentence)
    codes = frozenset(code.lower() for code in _values(body, _CODE_KEYS))
    if not isinstance(inner, str):  # a gateway's sentence, around the JSON of the server behind it
        codes |= message_of(inner).codes
        words = message_of(inner).words or words
    sentences = " ".join([*_values(body, _SENTENCE_KEYS), words])[:MAX_TEXT_CHARS]
    return ServerMessage(words[:MAX_WORDS_CHARS], f"{sentences.lower()} {' '.join(codes)}", codes)


def _unpacked(body: object) -> object:
    """Return the JSON that a string holds, also behind some words, or what was given."""
    if isinstance(body, str) and (start := re.search(r"[{\[]\s*[{\"]", body)):
        with suppress(ValueError, RecursionError):
            found, _ = json.JSONDecoder().raw_decode(body, start.start())
            if isinstance(found, dict | list):
                return found
    return body


def _sentence(body: object, depth: int = 0) -> str:
    """Return the first sentence in the body; of a validation error, with the field's name."""
    if isinstance(body, str):
        return body
    if isinstance(body, list) and body and depth < 6:
        return _sentence(body[0], depth + 1)
    if not isinstance(body, dict) or depth >= 6:
        return ""
    for key in _SENTENCE_KEYS:
        if sentence := _sentence(body.get(key), depth + 1):
            place = body.get("loc")
            names = [part for part in place if part != "body"] if isinstance(place, list) else []
            return ".".join(map(str, names)) + ": " * bool(names) + sentence
    return ""


def _values(body: object, keys: tuple[str, ...], depth: int = 0) -> Iterator[str]:
    """Yield the texts and numbers below these keys. What was sent and is repeated is not among."""
    if isinstance(body, list) and depth < 6:
        for item in body[:10]:
            yield from _values(item, keys, depth + 1)
    elif isinstance(body, dict) and depth < 6:
        for key, value in body.items():
            if key in keys and isinstance(value, str | int):
                yield str(value)[:MAX_TEXT_CHARS]
            elif key == "loc" and isinstance(value, list):
                yield " ".join(str(part) for part in value[:10])
            elif key not in ("input", "ctx"):
                yield from _values(value, keys, depth + 1)


def _one_line(text: str) -> str:
    """Return the first line that says something, without what a web page would add."""
    tag = _TAG.search(text)
    plain = text[: tag.start()] if tag else text
    line = next((line for line in plain.splitlines() if line.strip()), "")
    # Compressed, or of no text at all.
    if len(_UNPRINTABLE.findall(line)) > len(line) // 10:
        return ""
    return " ".join(_UNPRINTABLE.sub(" ", line).split())
