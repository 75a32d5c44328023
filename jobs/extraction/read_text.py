"""Reads the text of one file, in a child process of its own: see `jobs.extraction.extract`.

`python -m jobs.extraction.read_text FILE SUFFIX MEMORY_MB SECONDS [LANGUAGES]` prints lines of
JSON, each a list that begins with what it is: the "type" of the file first, then "pages",
"passage", "note", "progress" and "attachment", with its "data" in Base64, as they are found.
LANGUAGES are those of pictures. To start quickly it imports little: the reader of its format alone.
"""

from __future__ import annotations

import codecs
import importlib
import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from jobs.extraction.attachment_limits import LINE_BYTES, MAX_NAME_CHARS
from jobs.extraction.blocks import Attachment, Block, Item, Note, Pages, Progress
from jobs.extraction.chunking import passages
from jobs.extraction.confinement import confine
from jobs.extraction.file_types import (
    CSV,
    FORMAT_OF,
    HTML,
    MARKDOWN,
    MEDIA_TYPES,
    MHTML,
    PLAIN,
    ZIP,
    UnreadableFileError,
    detect,
    is_saved_page,
)
from jobs.extraction.readers import ocr_data
from jobs.extraction.resource_limits import (
    OUT_OF_MEMORY_EXIT,
    PICTURES_SECONDS,
    UNREADABLE_EXIT,
    limit_resources,
)
from jobs.extraction.text_marks import SNIFFED_BYTES, is_clean_utf8

Emit: TypeAlias = "Callable[[list[Any]], None]"


def read(data: bytes, suffix: str, emit: Emit) -> None:
    """Read a file, and emit the values of each line, see above, as soon as they are known.

    Raises UnreadableFileError, MemoryError, or what the libraries of the readers raise.
    """
    media_type = media_type_of(data, suffix)
    emit(["type", media_type])
    form = FORMAT_OF[media_type]
    reader = importlib.import_module(f"jobs.extraction.readers.{form.reader}")
    for piece in passages(_blocks(reader.read(data), emit), form.unit):
        emit(["passage", *piece])


def _blocks(items: Iterable[Item], emit: Emit) -> Iterator[Block]:
    """Yield the blocks among the items, and emit the others."""
    for item in items:
        if isinstance(item, Block):
            yield item
        else:
            for line in _lines(item):
                emit(line)


def _lines(item: Item) -> Iterator[list[Any]]:
    match item:
        case Note(text):
            yield ["note", text]
        case Progress(done, total):
            yield ["progress", done, total]
        case Pages(count):
            yield ["pages", count]
        case Attachment(name, data):
            yield ["attachment", name[-MAX_NAME_CHARS:], len(data)]
            for start in range(0, len(data), LINE_BYTES):
                yield ["data", b64encode(data[start : start + LINE_BYTES]).decode()]


def media_type_of(data: bytes, suffix: str) -> str:
    """Return the media type by the content where it is telling, else by the extension."""
    by_name, by_content = MEDIA_TYPES.get(suffix.lower(), PLAIN), detect(data)
    if by_content == ZIP and suffix.lower() in MEDIA_TYPES:
        return by_name  # an archive that only its reader can tell, or that is broken
    if by_content not in ("", PLAIN):
        return by_content
    if by_name == HTML and is_saved_page(data):
        return MHTML
    if by_name not in (MARKDOWN, CSV) and _is_whole_page(data[:SNIFFED_BYTES]):
        return HTML
    if not FORMAT_OF[by_name].is_text and is_clean_utf8(data):
        return PLAIN
    return by_name


def _is_whole_page(head: bytes) -> bool:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


def main(arguments: list[str]) -> int:
    """Read one file, limited and confined; the exit code says what went wrong."""
    path, suffix, memory_mb, seconds, *languages = arguments
    if languages:
        ocr_data.use(languages[0])
    data = Path(path).read_bytes()
    limit_resources(int(memory_mb), int(seconds), PICTURES_SECONDS)
    confine(ocr_data.FOLDERS)  # Tesseract's data
    try:
        read(data, suffix, _print)
        sys.stdout.flush()
    except MemoryError:
        return OUT_OF_MEMORY_EXIT
    except (UnreadableFileError, OSError, RuntimeError, SyntaxError, ValueError) as error:
        sys.stderr.write(str(error))
        return UNREADABLE_EXIT
    return 0


def _print(values: list[Any]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    if values[0] == "progress":
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
