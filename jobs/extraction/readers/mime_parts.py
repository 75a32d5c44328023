"""What MIME makes a mail of: its texts, other mails, files, and pictures within the text."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from typing import TypeAlias

from jobs.extraction.readers.charsets import decode_as

MAX_HEADER_CHARS = 20_000
# Parts within parts.
MAX_DEPTH = 30
SIGNATURES = (
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-signature",
    "application/pgp-keys",
)
ENCRYPTED = ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")
# What a saved page brings along beside its text.
PAGE_PARTS = re.compile(r"image/|audio/|video/|font/|text/css|\w{1,40}/(?:(?:x-)?javascript|font)")
_FOLD = re.compile(r"[\r\n]+[ \t]*")

Part: TypeAlias = "Message[str, str]"


class _AsItIs(Compat32):
    """Headers as they stand, with bytes that are not ASCII as surrogates."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        # Some take a time that grows with the square of it to understand.
        return value[:MAX_HEADER_CHARS]


_POLICY = _AsItIs()


def parse(data: bytes) -> Part:
    return email.message_from_bytes(data, policy=_POLICY)


@dataclass
class Parts:
    """What a mail is made of: texts, other mails, files, and the pictures of its texts.

    `others` are other forms of the texts.
    """

    texts: list[Part] = field(default_factory=list)
    mails: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    pictures: list[Part] = field(default_factory=list)
    others: list[Part] = field(default_factory=list)
    is_locked: bool = False


def collect(part: Part, parts: Parts, depth: int = 0, page: bool = False) -> None:
    """Sort the parts within a part. `page` says that they make up one page of HTML."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        parts.mails.extend(_inner_mails(part))
    elif part.is_multipart() and kind != "message/delivery-status":
        children = _inner_parts(part)
        if depth >= MAX_DEPTH:
            return
        if kind == "multipart/encrypted":
            parts.is_locked = True
            return
        best = _best_of(children) if kind == "multipart/alternative" else None
        for child in children:
            inner = Parts() if best not in (None, child) else parts
            collect(child, inner, depth + 1, kind == "multipart/related")
            if inner is not parts:  # the same text in another form, and what else is with it
                parts.files += [each for each in inner.files if _is_file(each)]
                parts.others += inner.texts
    elif kind in ENCRYPTED:
        parts.is_locked = True
    elif kind in SIGNATURES:
        return
    elif _istext_of(part):
        parts.texts.append(part)
    elif page and PAGE_PARTS.match(kind):
        if kind.startswith("image/"):
            parts.pictures.append(part)
    else:
        parts.files.append(part)


def _istext_of(part: Part) -> bool:
    """Return whether a part is read in its place in the mail."""
    kind = part.get_content_type()
    is_text = part.get_content_maintype() in ("text", "multipart") or kind == (
        "message/delivery-status"
    )
    return is_text and not _is_file(part) and kind != "text/css"


def _is_file(part: Part) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _best_of(children: Sequence[Part]) -> Part | None:
    """Return the last of the forms of a text that has HTML, else the last that is text."""

    def rank(part: Part) -> int:
        texts = [each for each in part.walk() if _istext_of(each) and each.get_payload()]
        kinds = [each.get_content_type() for each in texts]
        return 2 if "text/html" in kinds else int("text/plain" in kinds)

    ranked = [(rank(child), number) for number, child in enumerate(children)]
    return children[max(ranked)[1]] if ranked else None


def _inner_parts(part: Part) -> list[Part]:
    inner = part.get_payload()
    return [each for each in inner if isinstance(each, Message)] if isinstance(inner, list) else []


def _inner_mails(part: Part) -> Iterator[Part]:
    for mail in _inner_parts(part):
        is_packed = str(part.get("content-transfer-encoding", "")).strip().lower() == "base64"
        packed = mail.get_payload()
        if is_packed and not mail.keys() and isinstance(packed, str):  # which is not allowed
            mail["content-transfer-encoding"] = "base64"
            yield parse(content_of(mail))
        else:
            yield mail


def content_of(part: Part) -> bytes:
    encoding = str(part.get("content-transfer-encoding", ""))
    if encoding.strip().endswith(";"):  # which some write, and nobody decodes
        part.replace_header("content-transfer-encoding", encoding.strip(" ;"))
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def text_of(part: Part) -> str:
    if part.get_content_type() == "message/delivery-status":
        return "\n\n".join(str(each) for each in _inner_parts(part))
    charset = part.get_content_charset("") if part.get_content_maintype() == "text" else ""
    text = decode_as(content_of(part), charset or "")
    if str(part.get_param("format", "")).lower() == "flowed":
        return _unflowed(text, is_spaced=str(part.get_param("delsp", "")).lower() != "yes")
    return text


def _unflowed(text: str, *, is_spaced: bool) -> str:
    """Join the lines that a mail program broke, each at a space (RFC 3676)."""
    lines: list[list[str]] = []
    flows, depth = False, 0
    for line in text.splitlines():
        content = line.lstrip(">")
        marks = len(line) - len(content)
        content = content.removeprefix(" ")
        if flows and marks == depth and content.rstrip() != "--":
            lines[-1].append(content)
        else:
            lines.append([line[:marks] + " " * bool(marks), content])
        flows, depth = content.endswith(" ") and content != "-- ", marks
        if flows and not is_spaced:
            lines[-1][-1] = content[:-1]
    return "\n".join(map("".join, lines))


def decode_words(value: str, charset: str = "") -> str:
    """Decode a header: its encoded words (RFC 2047), and bytes that should not be there.

    Those are in UTF-8, or in the encoding of the mail's text.
    """
    value = _FOLD.sub(" ", value)
    if not value.isascii():
        data = value.encode(errors="surrogateescape")
        value = decode_as(data, charset)
    try:
        parts = decode_header(value)
    except HeaderParseError:  # not Base64 after all
        parts = [(value, None)]
    text = "".join(map(_decoded_part, parts))
    return " ".join(text.split())


def _decoded_part(part: tuple[str | bytes, str | None]) -> str:
    text, charset = part
    if isinstance(text, str):
        return text
    if charset is None:  # between encoded words
        return text.decode("raw-unicode-escape", errors="replace")
    return decode_as(text, charset.partition("*")[0])


def content_id(part: Part) -> str:
    return str(part.get("content-id", "")).strip("<> \t").casefold()
