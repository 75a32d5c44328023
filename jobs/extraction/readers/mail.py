"""Reads mails as they were sent (EML), and web pages that browsers saved the same way (MHTML).

Mails within a mail become its sections, and other files attachments.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace

from jobs.extraction.blocks import Block, Item, Kind, Note
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers import html, tnef
from jobs.extraction.readers.contents import Contents, base_name, counted, with_suffix
from jobs.extraction.readers.mime_parts import (
    Part,
    Parts,
    collect,
    content_id,
    content_of,
    decode_words,
    parse,
    text_of,
)
from jobs.extraction.readers.rtf_mail import decompress, html_in_rtf

SHOWN = ("From", "To", "Cc", "Date", "Subject")
# Of the names of hundreds of recipients, so much.
MAX_SHOWN_CHARS = 4000
MAX_NAMES_CHARS = 2000
# Mails within mails.
MAX_MAILS = 5
# Smaller pictures in a text are logos and the like.
LARGE_PICTURE_BYTES = 20_000
NO_TITLE = "Mail without a subject"
LOCKED = Note(
    "This mail is encrypted, or signed in a way that hides its text, which was not read. Open it "
    "in your mail program, print it to a PDF, and upload that."
)
TOO_DEEP = Note(f"Mails that were forwarded within more than {MAX_MAILS} others were not read.")
_SAVED_PAGE = re.compile(r"<?saved by ", re.IGNORECASE)
_CONTENT_ID = re.compile(r"""cid:([^"'\s<>)]+)""", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


def read(data: bytes) -> Iterator[Item]:
    """Yield the headers that people see and the text of a mail, then its attachments.

    Raises UnreadableFileError for what has no headers.
    """
    message = parse(data.removeprefix(b"\xef\xbb\xbf").lstrip())
    if not message.keys():
        raise UnreadableFileError("a text without the headers of a mail")
    yield from read_message(message)


def read_message(message: Part) -> Iterator[Item]:
    """Yield what `read` does of a parsed mail."""
    contents = Contents("attachment")
    yield from _mail_items(message, contents, level=1)
    yield from contents.notes()


def mail_blocks(
    headers: Sequence[tuple[str, str]], names: Sequence[str], level: int
) -> Iterator[Block]:
    """Yield the subject as a heading, then the headers and the names of what is attached."""
    shown = [(name, value[:MAX_SHOWN_CHARS]) for name, value in headers if value]
    subject = next((value for name, value in shown if name == "Subject"), NO_TITLE)
    yield Block(subject, Kind.HEADING, level=level)
    attached = ", ".join(names)[:MAX_NAMES_CHARS]
    lines = [*shown, *([("Attachments", attached)] if attached else [])]
    yield Block("\n".join(f"{name}: {value}" for name, value in lines))


def html_items(text: str, level: int) -> Iterator[Item]:
    """Yield what is in the HTML of a mail, its headings below those of this level."""
    for item in html.html_items(text):
        if isinstance(item, Block) and item.kind is Kind.HEADING:
            yield replace(item, level=item.level + level)
        else:
            yield item


def text_items(text: str) -> Iterator[Item]:
    """Yield the paragraphs of a plain text."""
    for paragraph in _BLANK_LINES.split(text.replace("\r\n", "\n")):
        if paragraph := paragraph.strip("\n"):
            yield Block(paragraph)


def named_pictures(page: str) -> set[str]:
    """Return the ids of the attached pictures that HTML shows within the text."""
    return {each.casefold() for each in _CONTENT_ID.findall(page)}


def picture_note(sizes: Sequence[int]) -> Iterator[Note]:
    """Yield a note on the pictures in a text, if any is larger than a logo."""
    if number := sum(size >= LARGE_PICTURE_BYTES for size in sizes):
        yield Note(
            f"{counted(number, 'picture')} in the text of this mail "
            f"{'was' if number == 1 else 'were'} not read."
        )


def _mail_items(message: Part, contents: Contents, level: int) -> Iterator[Item]:
    parts = Parts()
    collect(message, parts)
    texts = [(part.get_content_type(), text_of(part)) for part in parts.texts]
    charset = next(filter(None, (part.get_content_charset() for part in parts.texts)), "")
    named = named_pictures("".join(text for kind, text in texts if kind == "text/html"))
    attached = _attached(parts, named, charset)
    headers = [(name, decode_words(message.get(name, ""), charset)) for name in SHOWN]
    if not _SAVED_PAGE.match(dict(headers)["From"]):
        yield from mail_blocks(headers, [name for name, _ in attached.files], level)
    yield from _body(texts, parts, attached, level)
    if parts.is_locked:
        yield LOCKED
    yield from picture_note(attached.pictures)
    for name, data in attached.files:
        yield from contents.take(name, data)
    for mail in parts.mails:
        if level > MAX_MAILS:
            yield TOO_DEEP
        else:
            yield from _mail_items(mail, contents, level + 1)


@dataclass
class _Attached:
    """Files with their names, the sizes of pictures within the text, and a body as packed RTF."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)
    rtf: bytes = b""


def _attached(parts: Parts, named: Container[str], charset: str) -> _Attached:
    attached = _Attached(pictures=[len(content_of(part)) for part in parts.pictures])
    for number, part in enumerate(parts.files, 1):
        data, kind = content_of(part), part.get_content_type()
        if data.startswith(tnef.SIGNATURE):
            unpacked = tnef.unpack(data)
            attached.rtf = unpacked.rtf
            attached.files += [
                (with_suffix(base_name(file.name), file.media_type, file.data), file.data)
                for file in unpacked.files
            ]
        elif content_id(part) in named and kind.startswith("image/"):
            attached.pictures.append(len(data))
        else:
            name = base_name(decode_words(part.get_filename() or "", charset))
            name = name or f"attachment {number}"
            attached.files.append((with_suffix(name, kind, data), data))
    return attached


def _body(
    texts: Sequence[tuple[str, str]], parts: Parts, attached: _Attached, level: int
) -> Sequence[Item]:
    """Return the text of a mail from the best of its forms that has any."""
    items = list(_text_items(texts, level))
    if not any(isinstance(item, Block) for item in items):
        others = [(part.get_content_type(), text_of(part)) for part in parts.others]
        rich = html_in_rtf(decompress(attached.rtf))
        items = list(_text_items([*others, *([("text/html", rich)] if rich else [])], level))
    return items


def _text_items(texts: Sequence[tuple[str, str]], level: int) -> Iterator[Item]:
    for kind, text in texts:
        yield from html_items(text, level) if kind == "text/html" else text_items(text)
