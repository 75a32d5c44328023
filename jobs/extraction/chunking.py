"""Cuts what was read into passages. Works on text alone: nothing here reads a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from string import ascii_uppercase
from typing import Literal, NamedTuple

from jobs.extraction.blocks import Block, Kind
from jobs.language import guess_language
from jobs.normalization import normalize
from jobs.sentences import sentence_spans, split_into_sentences

PASSAGE_CHARS = 1200
# What is repeated where a text is cut: at most so much of the sentence before.
OVERLAP_CHARS = 150
# A heading begins a new passage after so many characters; shorter sections stand together.
MIN_SECTION_CHARS = 400
# A sentence that runs over the end of a page is kept whole up to this length.
RUN_OVER_CHARS = 600
# Where the end of a sentence is looked for first, and so much of what follows it.
LAST_CHARS = 400
AFTER_CHARS = 60
MAX_HEADING_CHARS = 120
MAX_HEADINGS = 6
# Ends of sentences in any of the usual scripts, with the marks that may follow.
_ENDS_SENTENCE = re.compile(r"[.!?:;…。！？।][\"'”’»)\]]*$")
# Controls, soft hyphens and byte order marks.
_UNSEEN = {code: None for code in (*range(9), *range(14, 32), 11, 12, 127, 0xAD, 0xFEFF, 0xFFFE)}


class Piece(NamedTuple):
    """A passage, and where it stands. Its pages count from 1; None for formats without pages.

    `place` is what people call it, such as "Prices!A2:C2", where page numbers do not say it; else
    "". `section` is the headings above its first words. `confidence`, in percent, is of text that
    was read from a picture.
    """

    text: str
    first_page: int | None = None
    last_page: int | None = None
    place: str = ""
    section: str = ""
    confidence: int | None = None


def passages(blocks: Iterable[Block], unit: Literal["page", "slide"] = "page") -> Iterator[Piece]:
    """Make passages of about `PASSAGE_CHARS` of the blocks, in their order.

    None spans pages, but for a sentence that runs over; none ends with a heading; and the rows of a
    table stand below its caption. Where a text is cut, its last sentence is repeated.
    """
    builder = _Builder(unit)
    for block in blocks:
        yield from builder.add(block)
    yield from builder.finish()


class _Builder:
    """Collects blocks until they make a passage."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._outline: list[tuple[int, str]] = []  # level and text of the headings above
        self._caption = ""
        self._heading: Block | None = None
        self._start([])

    def add(self, block: Block) -> Iterator[Piece]:
        """Take the next block; yields what is complete before it."""
        text = _clean(block.text)
        if not text:
            return
        last = self._content[-1] if self._content else block
        if last.page != block.page:
            self._finish_sentence(text, block)
        if (last.page, last.sheet) != (block.page, block.sheet):
            yield from self.flush()
            if self._unit == "slide":
                self._outline = []  # a slide without a title is not below the one before it
        if block.kind is Kind.HEADING:
            if self._length >= MIN_SECTION_CHARS:
                yield from self.flush()
            self._enter(text, block.level)
            self._put(text, heading=True)
            self._heading = block
            return
        language = guess_language(text) if len(text) > PASSAGE_CHARS else None
        for part in _parts(text, language):
            if self._content and self._length + len(part) > PASSAGE_CHARS:
                repeated = self._last_sentence(block, language)
                yield from self.flush()
                if repeated:
                    self._put(repeated)
            if block.kind is Kind.ROW and block.caption != self._caption:
                self._caption = block.caption
                if caption := _clean(block.caption):
                    self._put(caption, heading=True)
            if not self._content:
                self._section = " › ".join(text for _, text in self._outline)
            self._put(part)
            self._content.append(block)

    def flush(self) -> Iterator[Piece]:
        """Yield what was collected, without the headings at its end, which begin the next."""
        end = len(self._lines)
        while end and self._lines[end - 1][1]:
            end -= 1
        if self._content:
            yield self._piece("\n\n".join(line for line, _ in self._lines[:end]))
            self._start(self._lines[end:])

    def finish(self) -> Iterator[Piece]:
        """Yield the rest, with the headings below which nothing stands."""
        heading = self._heading if self._lines and self._lines[-1][1] else None
        if heading is not None and self._content and self._content[-1].page != heading.page:
            yield from self.flush()
        if heading is not None:
            self._content.append(heading)
            yield self._piece("\n\n".join(line for line, _ in self._lines))
        else:
            yield from self.flush()

    def _start(self, lines: list[tuple[str, bool]]) -> None:
        self._lines = list(lines)  # with each, whether it is a heading
        self._length = sum(len(line) for line, _ in lines)
        self._content: list[Block] = []
        self._caption = ""
        self._section = ""
        self._last_page: int | None = None

    def _put(self, text: str, *, heading: bool = False) -> None:
        self._lines.append((text, heading))
        self._length += len(text)

    def _enter(self, text: str, level: int) -> None:
        """Leave the sections of this level and below for a new one."""
        self._outline = [above for above in self._outline if above[0] < level][: MAX_HEADINGS - 1]
        self._outline.append((level, text[:MAX_HEADING_CHARS]))

    def _finish_sentence(self, text: str, block: Block) -> None:
        """Add the rest of a sentence that runs over the end of the page."""
        line, is_heading = self._lines[-1]
        runs_over = (
            not is_heading
            and block.kind is self._content[-1].kind is Kind.TEXT
            and _ENDS_SENTENCE.search(line) is None
            and text[0].islower()
        )
        if not runs_over:
            return
        rest = split_into_sentences(text[: 2 * RUN_OVER_CHARS])[0]
        if len(rest) <= RUN_OVER_CHARS:
            joint = line[:-1] if line.endswith("-") else line + " "
            self._lines[-1] = (joint + rest, False)
            self._last_page = block.page

    def _last_sentence(self, block: Block, language: str | None) -> str:
        """Return the sentence before, if it is short and both it and the block are prose."""
        line, is_heading = self._lines[-1]
        if is_heading or not block.kind is self._content[-1].kind is Kind.TEXT:
            return ""
        tail = line[-2 * OVERLAP_CHARS :]
        start, end = sentence_spans(tail, language or guess_language(line))[-1]
        return tail[start:end] if end - start <= OVERLAP_CHARS else ""

    def _piece(self, text: str) -> Piece:
        first, last = self._content[0], self._content[-1]
        sure = [each.confidence for each in self._content if each.confidence is not None]
        return Piece(
            text,
            first.page,
            self._last_page or last.page,
            self._place(first),
            self._section,
            sum(sure) // len(sure) if sure else None,
        )

    def _place(self, first: Block) -> str:
        if cells := _bounds([block.cells for block in self._content]):
            return f"{first.sheet}!{cells}" if first.sheet else cells
        if first.sheet:
            return first.sheet
        if first.page is not None and self._unit == "slide":
            return f"slide {first.page}"
        return f"page {first.label} ({first.page} of the file)" if first.label else ""


def _bounds(ranges: list[str]) -> str:
    """Return the smallest range that holds these: "A2:C7" of "A2:B2" and "C7"."""
    cells = [cell for cells in ranges if cells for cell in cells.split(":")]
    if not cells:
        return ""
    columns = sorted(
        (cell.rstrip("0123456789") for cell in cells), key=lambda name: (len(name), name)
    )
    rows = sorted(int(cell.lstrip(ascii_uppercase)) for cell in cells)
    first, last = f"{columns[0]}{rows[0]}", f"{columns[-1]}{rows[-1]}"
    return first if first == last else f"{first}:{last}"


def _clean(text: str) -> str:
    """Return the text composed (NFC), without characters that cannot be stored or shown."""
    return normalize("NFC", text.translate(_UNSEEN).encode(errors="ignore").decode()).strip()


def _parts(text: str, language: str | None) -> Iterator[str]:
    """Cut a text that is longer than a passage at the ends of sentences, words or anywhere."""
    start = 0
    while len(text) - start > PASSAGE_CHARS:
        end = _last_end(text, start, language)
        if end is None:
            space = text.rfind(" ", start + 1, start + PASSAGE_CHARS)
            end = space + 1 if space > start else start + PASSAGE_CHARS
        if part := text[start:end].strip():
            yield part
        start = end
    if part := text[start:].strip():
        yield part


def _last_end(text: str, start: int, language: str | None) -> int | None:
    """Return the last end of a sentence in a passage; None if the passage would be too short.

    Looks at the end of the passage first, where there is one in most texts.
    """
    stop = start + PASSAGE_CHARS
    for begin in (stop - LAST_CHARS, start):
        spans = sentence_spans(text[begin : stop + AFTER_CHARS], language)
        ends = [begin + end for _, end in spans if begin + end <= stop]
        if ends and ends[-1] > start + PASSAGE_CHARS // 4:
            return ends[-1]
    return None
