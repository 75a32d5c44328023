"""Reads Outlook messages (MSG): an OLE container of MAPI properties, see [MS-OXMSG].

The properties are read here, on olefile: the libraries for it are under the GPL, or leave out mails
within a mail, bodies in RTF and code pages.
"""

from __future__ import annotations

import io
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.parser import HeaderParser
from email.utils import format_datetime

from olefile import STGTY_STREAM, OleFileIO

from jobs.extraction.blocks import Block, Item
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers import rtf
from jobs.extraction.readers.charsets import decode_as
from jobs.extraction.readers.contents import Contents, base_name, with_suffix
from jobs.extraction.readers.mail import (
    LOCKED,
    MAX_MAILS,
    TOO_DEEP,
    html_items,
    mail_blocks,
    named_pictures,
    picture_note,
    text_items,
)
from jobs.extraction.readers.mime_parts import decode_words
from jobs.extraction.readers.rtf_mail import decompress, html_in_rtf

PROPERTIES = "__properties_version1.0"
# What stands before the properties of the mail itself, of one within, and of anything else.
MAIL_HEADER, INNER_HEADER, OTHER_HEADER = 32, 24, 8
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)

LATEST_TICKS = 3_000_000_000_000_000_000  # in the year 11,000

# Tags of properties, as in [MS-OXPROPS].
SUBJECT, BODY, HTML, RTF, HEADERS, CLASS = 0x0037, 0x1000, 0x1013, 0x1009, 0x007D, 0x001A
SENDER_NAME, SENT_FOR_NAME = 0x0C1A, 0x0042
SENDERS = (0x5D01, 0x0C1F, 0x5D02, 0x0065)  # addresses, those of SMTP first
SUBMITTED, DELIVERED, DISPLAY_TO, DISPLAY_CC = 0x0039, 0x0E06, 0x0E04, 0x0E03
RECIPIENT_TYPE, NAME, SMTP, ADDRESS = 0x0C15, 0x3001, 0x39FE, 0x3003
CODE_PAGE, HTML_CODE_PAGE = 0x3FFD, 0x3FDE
DATA, LONG_NAME, SHORT_NAME, MIME_TYPE, CONTENT_ID = 0x3701, 0x3707, 0x3704, 0x370E, 0x3712
METHOD, HIDDEN = 0x3705, 0x7FFE
TO, CC = 1, 2
INNER_MAIL = 5
UNICODE, STRING8, BINARY, STORAGE = "001f", "001e", "0102", "000d"
LOCKED_CLASSES = ("ipm.note.smime",)
# Those that Python does not call by their numbers.
CODE_PAGES = {
    **{28590 + number: f"iso8859-{number}" for number in range(1, 17)},
    936: "gb18030",
    1200: "utf-16-le",
    20127: "ascii",
    20866: "koi8-r",
    20932: "euc_jp",
    21866: "koi8-u",
    50220: "iso2022_jp",
    50221: "iso2022_jp",
    50225: "iso2022_kr",
    51932: "euc_jp",
    51949: "euc_kr",
    52936: "hz",
    54936: "gb18030",
    65001: "utf-8",
}


def read(data: bytes) -> Iterator[Item]:
    """Yield the headers that people see and the text of a message, then its attachments.

    Raises UnreadableFileError for an OLE container of another kind.
    """
    # Short bytes would be taken for the name of a file.
    with OleFileIO(io.BytesIO(data)) as opened:
        ole = _Ole(opened)
        if (PROPERTIES,) not in ole.paths:
            raise UnreadableFileError("an Office file of before 2007, or with a password")
        contents = Contents("attachment")
        yield from _items(_Properties(ole, (), MAIL_HEADER), contents, level=1)
        yield from contents.notes()


class _Ole:
    """The streams of an OLE container, by paths without case."""

    def __init__(self, ole: OleFileIO) -> None:
        self._ole = ole
        self.paths = {tuple(map(str.lower, path)): path for path in ole.listdir(storages=True)}
        self._below: defaultdict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
        for path in sorted(self.paths):
            self._below[path[:-1]].append(path)

    def read(self, path: tuple[str, ...]) -> bytes:
        """Return the content of a stream; b"" if there is none."""
        found = self.paths.get(path)
        if found is None or self._ole.get_type(found) != STGTY_STREAM:
            return b""
        return bytes(self._ole.openstream(found).read())

    def storages(self, parent: tuple[str, ...], start: str) -> list[tuple[str, ...]]:
        """Return the paths of those directly below a storage whose names start like this."""
        return [path for path in self._below[parent] if path[-1].startswith(start)]


class _Properties:
    """The properties of one mail, recipient or attachment."""

    def __init__(
        self, ole: _Ole, path: tuple[str, ...], header_bytes: int, code_page: str = ""
    ) -> None:
        self.ole, self.path = ole, path
        stream = ole.read((*path, PROPERTIES))[header_bytes:]
        entries = struct.iter_unpack("<HHI8s", stream[: len(stream) // 16 * 16])
        self._fixed = {tag: value for _, tag, _, value in entries}
        self.code_page = _codec(self.number(CODE_PAGE)) or code_page

    def number(self, tag: int) -> int:
        return int.from_bytes(self._fixed.get(tag, b"")[:4], "little")

    def time(self, tag: int) -> str:
        """Return a moment as mails write it; "" if it is not known."""
        ticks = int.from_bytes(self._fixed.get(tag, b""), "little")
        if not 0 < ticks < LATEST_TICKS:
            return ""
        return format_datetime(EPOCH + timedelta(microseconds=ticks // 10))

    def text(self, *tags: int) -> str:
        """Return the first of these texts that is there; else ""."""
        for tag in tags:
            if data := self._value(tag, UNICODE):
                return data.decode("utf-16-le", errors="replace").rstrip("\0")
            if data := self._value(tag, STRING8):
                return decode_as(data.rstrip(b"\0"), self.code_page)
        return ""

    def binary(self, tag: int) -> bytes:
        return self._value(tag, BINARY)

    def below(self, start: str, header_bytes: int = OTHER_HEADER) -> list[_Properties]:
        """Return the properties of each recipient, or of each attachment."""
        paths = self.ole.storages(self.path, start)
        return [_Properties(self.ole, path, header_bytes, self.code_page) for path in paths]

    def inner_mail(self) -> _Properties:
        """Return the properties of the mail that is this attachment."""
        path = (*self.path, _stream(DATA, STORAGE))
        return _Properties(self.ole, path, INNER_HEADER, self.code_page)

    def _value(self, tag: int, kind: str) -> bytes:
        return self.ole.read((*self.path, _stream(tag, kind)))


def _items(mail: _Properties, contents: Contents, level: int) -> Iterator[Item]:
    attached = mail.below("__attach_version1.0_#")
    rich = decompress(mail.binary(RTF))
    page = _html(mail) or html_in_rtf(rich)
    named = named_pictures(page)
    files: list[tuple[str, bytes]] = []
    pictures: list[int] = []
    inner: list[_Properties] = []
    for number, each in enumerate(attached, 1):
        data = each.binary(DATA)
        media_type = each.text(MIME_TYPE).lower()
        if each.number(METHOD) == INNER_MAIL:
            inner.append(each.inner_mail())
        elif media_type.startswith("image/") and each.text(CONTENT_ID).casefold() in named:
            pictures.append(len(data))
        elif not each.number(HIDDEN):
            name = base_name(each.text(LONG_NAME, SHORT_NAME, NAME)) or f"attachment {number}"
            files.append((with_suffix(name, media_type, data), data))
    yield from mail_blocks(_headers(mail), [name for name, _ in files], level)
    yield from _body(mail, page, rich, level)
    if mail.text(CLASS).lower() in LOCKED_CLASSES:
        yield LOCKED
    yield from picture_note(pictures)
    for name, data in files:
        yield from contents.take(name, data)
    for each in inner:
        if level > MAX_MAILS:
            yield TOO_DEEP
        else:
            yield from _items(each, contents, level + 1)


def _body(mail: _Properties, page: str, rich: bytes, level: int) -> Iterator[Item]:
    """Return the text of a mail from the first of its forms that has any."""
    items = list(html_items(page, level))
    if any(isinstance(item, Block) for item in items):
        return iter(items)
    plain = mail.text(BODY)
    return rtf.read(rich) if rich and not plain.strip() else text_items(plain)


def _html(mail: _Properties) -> str:
    if data := mail.binary(HTML):
        return decode_as(data, _codec(mail.number(HTML_CODE_PAGE)))
    return mail.text(HTML)


def _headers(mail: _Properties) -> list[tuple[str, str]]:
    sent = HeaderParser().parsestr(mail.text(HEADERS))
    sent_at = decode_words(sent.get("Date", "")) or mail.time(SUBMITTED) or mail.time(DELIVERED)
    sender = _address(mail, (SENDER_NAME, SENT_FOR_NAME), SENDERS)
    recipients = mail.below("__recip_version1.0_#")
    to, cc = (
        ", ".join(
            _address(each, (NAME,), (SMTP, ADDRESS))
            for each in recipients
            if each.number(RECIPIENT_TYPE) == kind
        )
        for kind in (TO, CC)
    )
    return [
        ("From", sender or decode_words(sent.get("From", ""))),
        ("To", to or mail.text(DISPLAY_TO)),
        ("Cc", cc or mail.text(DISPLAY_CC)),
        # As the sender's clock had it, if that is known: the properties have it in UTC.
        ("Date", sent_at),
        ("Subject", mail.text(SUBJECT)),
    ]


def _address(item: _Properties, names: Sequence[int], addresses: Sequence[int]) -> str:
    """Return "Name <address>", without what is not known and addresses within Exchange."""
    name = item.text(*names)
    found = next((text for tag in addresses if "@" in (text := item.text(tag))), "")
    if not found or found == name:
        return name
    return f"{name} <{found}>" if name else found


def _stream(tag: int, kind: str) -> str:
    return f"__substg1.0_{tag:04x}{kind}"


def _codec(number: int) -> str:
    """Return the name of a code page of Windows; "" for none."""
    return CODE_PAGES.get(number, f"cp{number}") if number else ""
