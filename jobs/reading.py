"""Text out of one file. It runs in a child process of its own, see `jobs.extraction`.

`python -m jobs.reading FILE SUFFIX MEMORY_MB SECONDS` prints JSON. To start quickly it imports the
standard library alone, and kreuzberg where it is used.
"""

from __future__ import annotations

import codecs
import json
import re
import resource
import sys
import uuid
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from kreuzberg import ExtractionResult

PASSAGE_CHARS = 1200
OVERLAP_CHARS = 150
SNIFFED_BYTES = 8192
OUT_OF_MEMORY_EXIT = 3
UNREADABLE_EXIT = 4

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTML, MARKDOWN, PLAIN, CSV = "text/html", "text/markdown", "text/plain", "text/csv"
# What may be uploaded.
MEDIA_TYPES = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".pptx": PPTX,
    ".xlsx": XLSX,
    ".html": HTML,
    ".htm": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": PLAIN,
    ".csv": CSV,
}
BINARY_TYPES = (PDF, DOCX, PPTX, XLSX)

# The text, then its first and last page, counted from 1; None for formats without pages.
Piece: TypeAlias = "tuple[str, int | None, int | None]"


class Unreadable(Exception):
    """The file is not what it should be; the argument says why."""


def read(data: bytes, suffix: str) -> dict[str, Any]:
    """The text of a file as `media_type`, `pages` and `passages`, a list of pieces.

    Raises Unreadable, MemoryError, or what kreuzberg raises.
    """
    media_type = media_type_of(data, suffix)
    if media_type not in BINARY_TYPES:
        data = decoded(data).lstrip("\ufeff").encode()
    marker = f"page-{uuid.uuid4().hex}-"
    result = _extract(data, media_type, marker if media_type == PPTX else "")
    pages = int(((result.metadata or {}).get("pages") or {}).get("total_count") or 0)
    if media_type in (XLSX, CSV) and result.tables:
        passages = list(_sheet_pieces(result))
    elif media_type == PPTX:
        passages = list(_slide_pieces(result.content, marker))
    else:
        passages = _pieces(result, has_pages=bool(pages))
    if media_type in (HTML, DOCX):
        passages = [(without_marks(text), first, last) for text, first, last in passages]
    return {"media_type": media_type, "pages": pages, "passages": passages}


def media_type_of(data: bytes, suffix: str) -> str:
    """By content where the content says it, else by the extension."""
    import kreuzberg

    by_name = MEDIA_TYPES.get(suffix.lower(), PLAIN)
    head = data[:SNIFFED_BYTES]
    try:
        by_content: str = kreuzberg.detect_mime_type_from_bytes(head)  # type: ignore[attr-defined] # in __all__ but not typed
    except RuntimeError:  # it knows no such content
        by_content = ""
    if b"%PDF-" in head[:1024]:  # some producers put other bytes first
        by_content = PDF
    if by_content in BINARY_TYPES:
        return by_content
    if by_content == HTML and (by_name not in (MARKDOWN, CSV) or _is_whole_page(head)):
        return HTML  # Markdown may begin with a tag as well
    if by_name in BINARY_TYPES and _is_text(data):
        return PLAIN
    return by_name


def decoded(data: bytes) -> str:
    """Text by its byte order mark, as UTF-8, by what its HTML says, or as Windows-1252.

    Raises Unreadable for what cannot be text.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data:
        raise Unreadable("binary data instead of text")
    declared = re.search(rb"<meta[^>]+charset=[\"']?([\w-]+)", data[:SNIFFED_BYTES], re.IGNORECASE)
    for encoding in ("utf-8-sig", declared.group(1).decode() if declared else "cp1252"):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", errors="replace")


def without_marks(text: str) -> str:
    """Text without the marks of Markdown that kreuzberg leaves for bold, links and the like."""
    text = re.sub(r"!\[[^\]\n]*\]\([^\s]*\)", "", text)
    text = re.sub(r"\[([^\]\n]*)\]\((?:[^\s()]|\([^\s()]*\))*\)", r"\1", text)
    text = re.sub(r"\*\*(\S(?:[^\n]*?\S)?)\*\*", r"\1", text)
    text = re.sub(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])", r"\1", text)
    return re.sub(r"`([^`\n]+)`", r"\1", text)


def table_texts(cells: list[list[str]], sheet: str = "") -> Iterator[str]:
    """Passages of a table in which each row names its columns, so that it stands for itself.

    The first row with most cells filled has the headings; what stands above it is the title.
    """
    # A date without a time comes as midnight.
    rows = [[cell.strip().removesuffix(" 00:00:00") for cell in row] for row in cells]
    filled = [row for row in rows if any(row)]
    if not filled:
        return
    widest = max(sum(map(bool, row)) for row in filled)
    heads = next(index for index, row in enumerate(filled) if 2 * sum(map(bool, row)) > widest)
    titles = [sheet, *(" ".join(filter(None, row)) for row in filled[:heads])]
    title = ". ".join(filter(None, dict.fromkeys(titles)))
    names = filled[heads]
    lines = ["; ".join(_named_cells(names, row)) for row in filled[heads + 1 :]]
    passage = title
    for line in lines or ["; ".join(filter(None, names))]:
        if len(passage) + len(line) > PASSAGE_CHARS and passage != title:
            yield passage
            passage = title
        passage = f"{passage}\n\n{line}" if passage else line
    yield passage


def whole_sentences(content: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Move the ends of overlapping spans to sentences, as far as the overlap allows.

    Spans are byte offsets, in order. What the spans cover together stays the same.
    """
    moved = list(spans)
    for index in range(1, len(moved)):
        start, end = moved[index][0], moved[index - 1][1]
        # Behind the previous span's own start, so that none becomes empty.
        ends = [
            at
            for at in _sentence_starts(content, start, end)
            if moved[index - 1][0] < at < moved[index][1]
        ]
        if ends:
            moved[index - 1] = (moved[index - 1][0], ends[-1])
            moved[index] = (ends[0], moved[index][1])
    return moved


def _sentence_starts(content: bytes, start: int, end: int) -> list[int]:
    """Offsets from start to end at which a sentence or a paragraph begins.

    The point of a numbered heading ("2. Impact") ends none.
    """
    window = max(0, start - 8)
    pattern = rb"(?m)(?<!^\d)(?<!^\d\d)[.!?][\"')\]]*\s+|\n\s*\n"
    found = [match.end() + window for match in re.finditer(pattern, content[window:end])]
    return [at for at in found if start <= at <= end]


def _extract(data: bytes, media_type: str, page_marker: str = "") -> ExtractionResult:
    import kreuzberg

    pages = kreuzberg.PageConfig(
        insert_page_markers=True, marker_format=f"\n\n{page_marker}{{page_num}}\n\n"
    )
    config = kreuzberg.ExtractionConfig(
        chunking=kreuzberg.ChunkingConfig(max_chars=PASSAGE_CHARS, max_overlap=OVERLAP_CHARS),
        pages=pages if page_marker else None,
        use_cache=False,
    )
    return kreuzberg.extract_bytes_sync(data, media_type, config)


def _pieces(result: ExtractionResult, *, has_pages: bool) -> list[Piece]:
    """The chunks of a result. Without a count of pages, each claims to be on page 1."""
    content = result.content.encode()
    chunks = result.chunks or []
    spans = [(chunk.metadata["byte_start"], chunk.metadata["byte_end"]) for chunk in chunks]
    return [
        (
            content[start:end].decode(errors="ignore").replace("\r\n", "\n"),
            chunk.metadata.get("first_page") if has_pages else None,
            chunk.metadata.get("last_page") if has_pages else None,
        )
        for chunk, (start, end) in zip(chunks, whole_sentences(content, spans), strict=True)
    ]


def _plain_pieces(text: str) -> Iterator[str]:
    if len(text) <= PASSAGE_CHARS:
        yield text
    else:
        yield from (
            piece for piece, _, _ in _pieces(_extract(text.encode(), PLAIN), has_pages=False)
        )


def _slide_pieces(content: str, marker: str) -> Iterator[Piece]:
    """One passage a slide, more for a full one.

    kreuzberg's own offsets of slides are too small by more with every slide, hence the markers.
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


def _named_cells(names: list[str], row: list[str]) -> Iterator[str]:
    for name, cell in zip_longest(names, row, fillvalue=""):
        if cell:
            yield f"{name}: {cell}" if name else cell


def _is_whole_page(head: bytes) -> bool:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", data)  # no text has these


def _limit_resources(memory_mb: int, seconds: int) -> None:
    memory = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(arguments: list[str]) -> int:
    """Read one file within limits; the exit code tells the parent what went wrong."""
    path, suffix, memory_mb, seconds = arguments
    _limit_resources(int(memory_mb), int(seconds))
    import kreuzberg

    try:
        sys.stdout.write(json.dumps(read(Path(path).read_bytes(), suffix)))
    except MemoryError:
        return OUT_OF_MEMORY_EXIT
    # RuntimeError and ValueError are raised by its native part.
    except (Unreadable, kreuzberg.KreuzbergError, RuntimeError, ValueError) as error:
        sys.stderr.write(str(error))
        return UNREADABLE_EXIT
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
