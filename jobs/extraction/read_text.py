"""Reads the text of one file, in a child process of its own: see `jobs.extraction.extract`.

`python -m jobs.extraction.read_text FILE SUFFIX MEMORY_MB SECONDS` prints lines of JSON: the media
type and the number of pages, then each passage. To start quickly it imports little, and kreuzberg
only where it is used.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
import uuid
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from jobs.extraction.chunking import (
    PASSAGE_CHARS,
    align_to_sentences,
    split_blocks,
    strip_markdown,
    table_texts,
)
from jobs.extraction.file_types import (
    BINARY_TYPES,
    CSV,
    DOCX,
    HTML,
    MARKDOWN,
    MEDIA_TYPES,
    PDF,
    PDF_SIGNATURE,
    PLAIN,
    PPTX,
    SNIFFED_BYTES,
    XLSX,
    UnreadableFileError,
    decode_text,
    is_clean_utf8,
    is_pdf,
)
from jobs.extraction.resource_limits import OUT_OF_MEMORY_EXIT, UNREADABLE_EXIT, limit_resources

if TYPE_CHECKING:
    from kreuzberg import ExtractionResult

OVERLAP_CHARS = 150

# The text, then its first and last page, counted from 1; None for formats without pages.
Piece: TypeAlias = "tuple[str, int | None, int | None]"


class Reading(NamedTuple):
    """The text of a file. `pages` is 0 for formats without pages."""

    media_type: str
    pages: int
    passages: Iterable[Piece]


def read(data: bytes, suffix: str) -> Reading:
    """Read the text of a file; its passages are made one by one, as they are iterated over.

    The call and the iteration raise UnreadableFileError, MemoryError, or what kreuzberg raises.
    """
    media_type = media_type_of(data, suffix)
    if media_type not in BINARY_TYPES:
        data = decode_text(data).lstrip("\ufeff").encode()
    marker = f"page-{uuid.uuid4().hex}-"
    result = _extract(data, media_type, marker)
    del data
    pages = (result.metadata or {}).get("pages") or {}
    passages: Iterable[Piece]
    if media_type in (XLSX, CSV) and result.tables:
        passages = _sheet_pieces(result)
    elif media_type == PPTX:
        passages = _slide_pieces(result.content, marker)
    else:
        starts = [page["byte_start"] for page in pages.get("boundaries") or []]
        passages = _pieces(result.content.encode(), starts)
    if media_type in (HTML, DOCX):
        passages = ((strip_markdown(text), first, last) for text, first, last in passages)
    return Reading(media_type, int(pages.get("total_count") or 0), passages)


def media_type_of(data: bytes, suffix: str) -> str:
    """Return the media type by the content where it is telling, else by the extension.

    Raises UnreadableFileError for a picture.
    """
    import kreuzberg

    by_name = MEDIA_TYPES.get(suffix.lower(), PLAIN)
    head = data[:SNIFFED_BYTES]
    try:
        by_content: str = kreuzberg.detect_mime_type_from_bytes(head)  # type: ignore[attr-defined] # in __all__ but not typed
    except RuntimeError:  # kreuzberg does not know it
        by_content = ""
    if is_pdf(head):  # kreuzberg misses those with other bytes first
        by_content = PDF
    if by_content in BINARY_TYPES:
        return by_content
    if by_content.startswith("image/") and not is_clean_utf8(data):
        raise UnreadableFileError("a picture")
    if by_content == HTML and (by_name not in (MARKDOWN, CSV) or _is_whole_page(head)):
        return HTML  # Markdown may begin with a tag too
    if by_name in BINARY_TYPES and is_clean_utf8(data):
        return PLAIN
    return by_name


def _extract(data: bytes, media_type: str, marker: str) -> ExtractionResult:
    """Have kreuzberg extract the text. Each slide is preceded by the marker and its number."""
    import kreuzberg

    pages = None
    if media_type == PPTX:
        pages = kreuzberg.PageConfig(
            insert_page_markers=True, marker_format=f"\n\n{marker}{{page_num}}\n\n"
        )
    elif media_type == PDF:
        pages = kreuzberg.PageConfig(extract_pages=True)  # else there are no page offsets
    config = kreuzberg.ExtractionConfig(pages=pages, use_cache=False)
    return kreuzberg.extract_bytes_sync(data, media_type, config)


def _chunks(text: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """Return plain text as kreuzberg normalises it, and the byte spans of its chunks."""
    import kreuzberg

    chunking = kreuzberg.ChunkingConfig(max_chars=PASSAGE_CHARS, max_overlap=OVERLAP_CHARS)
    config = kreuzberg.ExtractionConfig(chunking=chunking, use_cache=False)
    result = kreuzberg.extract_bytes_sync(text, PLAIN, config)
    spans = [
        (chunk.metadata["byte_start"], chunk.metadata["byte_end"]) for chunk in result.chunks or []
    ]
    return result.content.encode(), spans


def _pieces(content: bytes, page_starts: list[int]) -> Iterator[Piece]:
    """Yield the passages of a text; `page_starts` are byte offsets, empty without pages."""
    for start, end in split_blocks(content):
        block = content[start:end].lstrip()
        offset = end - len(block)
        text, spans = _chunks(block.rstrip())
        for first, last in align_to_sentences(text, spans):
            piece = text[first:last].strip()
            at = offset + first + (last - first - len(text[first:last].lstrip()))
            yield (
                piece.decode(errors="ignore").replace("\r\n", "\n"),
                _page_at(page_starts, at),
                _page_at(page_starts, at + max(0, len(piece) - 1)),
            )


def _page_at(page_starts: list[int], offset: int) -> int | None:
    """Return the number of the page at a byte offset, counted from 1."""
    return max(1, bisect_right(page_starts, offset)) if page_starts else None


def _plain_pieces(text: str) -> Iterator[str]:
    if len(text) <= PASSAGE_CHARS:
        yield text
    else:
        yield from (piece for piece, _, _ in _pieces(text.encode(), []))


def _slide_pieces(content: str, marker: str) -> Iterator[Piece]:
    """Yield one passage for each slide, or more for a long one.

    Uses markers because kreuzberg's own offsets of slides drift further with every slide.
    """
    parts = re.split(rf"{marker}(\d+)", content)
    for number, text in zip(parts[1::2], parts[2::2], strict=True):
        for piece in _plain_pieces(text.strip()):
            yield piece, int(number), int(number)


def _sheet_pieces(result: ExtractionResult) -> Iterator[Piece]:
    sheets = (result.metadata or {}).get("sheet_names") or []
    for table in result.tables:
        named = len(sheets) > 1 and table.page_number <= len(sheets)
        for text in table_texts(table.cells, sheets[table.page_number - 1] if named else ""):
            yield from ((piece, None, None) for piece in _plain_pieces(text))


def _is_whole_page(head: bytes) -> bool:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


def main(arguments: list[str]) -> int:
    """Read one file within limits; the exit code says what went wrong."""
    path, suffix, memory_mb, seconds = arguments
    import kreuzberg

    data = Path(path).read_bytes()
    if is_pdf(data):
        _unpack_pdf_library()
    limit_resources(int(memory_mb), int(seconds))
    try:
        reading = read(data, suffix)
        _print_json([reading.media_type, reading.pages])
        for piece in reading.passages:
            _print_json(piece)
        sys.stdout.flush()
    except MemoryError:
        return OUT_OF_MEMORY_EXIT
    # The last three come from native code of kreuzberg.
    except (
        UnreadableFileError,
        kreuzberg.KreuzbergError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        sys.stderr.write(str(error))
        return UNREADABLE_EXIT
    return 0


def _unpack_pdf_library() -> None:
    """Have kreuzberg write its PDF library to a file, which the limits will forbid.

    It does so before it parses its first PDF on a machine; these few bytes are enough for that.
    """
    import kreuzberg

    with suppress(kreuzberg.ParsingError):
        kreuzberg.extract_bytes_sync(
            PDF_SIGNATURE, PDF, kreuzberg.ExtractionConfig(use_cache=False)
        )


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
