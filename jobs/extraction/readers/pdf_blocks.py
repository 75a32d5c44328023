"""Headings, paragraphs and rows of tables from the pieces of a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jobs.extraction.blocks import Block, Kind
from jobs.extraction.readers.hyphens import Hyphens
from jobs.extraction.readers.pdf_columns import reading_order
from jobs.extraction.readers.pdf_paragraphs import Paragraph, paragraphs
from jobs.extraction.readers.pdf_tables import Table, parted
from jobs.extraction.readers.pdf_text import PageText
from jobs.extraction.readers.tables import table_blocks

# Headings are so much higher than most lines, by level; or bold, which is the level below.
HEADING_HEIGHTS = (1.75, 1.4, 1.15)
MAX_HEADING_CHARS = 150
MAX_HEADING_LINES = 3
MAX_BOLD_LINES = 2

_BULLET = re.compile(r"[•‣▪●○◦■□☐☒\u2043\u25aa\uf0a7\uf0b7]")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_ENDS_SENTENCE = re.compile(r"[.;,:!。][\"'”’»)]*$")
_TABLE_NAME = re.compile(
    r"(?:table|tabelle|tab\.|tableau|tabla|tabell?a|tabel|exhibit)\s*\d", re.IGNORECASE
)


def line_heights(page: PageText) -> Counter[float]:
    """Return how many characters of a page stand in lines of each height, in points."""
    heights: Counter[float] = Counter()
    for piece in page.pieces:
        height = piece.height if piece.turn % 2 == 0 else piece.right - piece.left
        heights[round(2 * height) / 2] += len(piece.text)
    return heights


def page_blocks(page: PageText, body_height: float, hyphens: Hyphens) -> Iterator[Block]:
    """Yield the blocks of a page in reading order; `body_height` is that of most lines."""
    held: Paragraph | None = None
    for part in reading_order(page.pieces, page.width, page.height):
        for section in parted(part):
            if isinstance(section, Table):
                title = _table_name(held)
                if held is not None and not title:
                    yield _block(held, body_height)
                held = None
                yield from _rows(section, title)
                continue
            for paragraph in paragraphs(section, hyphens):
                if held is not None and _runs_on(held, paragraph):
                    held = _joined(held, paragraph, hyphens)
                    continue
                if held is not None:
                    yield _block(held, body_height)
                held = paragraph
    if held is not None:
        yield _block(held, body_height)


def _block(paragraph: Paragraph, body_height: float) -> Block:
    level = _heading_level(paragraph, body_height)
    if level:
        return Block(" ".join(paragraph.text.split()), Kind.HEADING, level)
    return Block(paragraph.text)


def _heading_level(paragraph: Paragraph, body_height: float) -> int:
    """Return the level of a heading from 1, or 0 for what is none."""
    text = paragraph.text
    if len(text) > MAX_HEADING_CHARS or not _LETTERS.search(text) or _BULLET.match(text):
        return 0
    if paragraph.lines <= MAX_HEADING_LINES:
        for level, height in enumerate(HEADING_HEIGHTS, 1):
            if paragraph.height >= height * body_height:
                return level
    is_bold = paragraph.is_bold and paragraph.lines <= MAX_BOLD_LINES
    return len(HEADING_HEIGHTS) + 1 if is_bold and not _ENDS_SENTENCE.search(text) else 0


def _runs_on(above: Paragraph, below: Paragraph) -> bool:
    """Return whether a sentence goes on in the next column."""
    return (
        above.is_last
        and below.is_first
        and above.is_bold == below.is_bold
        and abs(above.height - below.height) < 0.05 * above.height
        and len(above.text) > 20
        and not re.search(r"[.!?:;。！？][\"'”’»)\]]*$", above.text)
        and below.text[0].islower()
    )


def _joined(above: Paragraph, below: Paragraph, hyphens: Hyphens) -> Paragraph:
    if above.text.endswith("-"):
        text = hyphens.joined(above.text[:-1], below.text)
    else:
        text = f"{above.text} {below.text}"
    return replace(above, text=text, lines=above.lines + below.lines, is_last=below.is_last)


def _table_name(paragraph: Paragraph | None) -> str:
    """Return what stands above a table, if it is the table's title or introduces it."""
    if paragraph is None or paragraph.lines > 1:
        return ""
    return paragraph.text if _TABLE_NAME.match(paragraph.text) else ""


def _rows(table: Table, title: str) -> Iterator[Block]:
    blocks = table_blocks(
        table.cells, title=title, heading_rows=table.heading_rows, hinted_rows=table.bold_rows
    )
    yield from (replace(block, cells="") for block in blocks)


def all_text(pages: Sequence[PageText]) -> Iterator[str]:
    """Yield the text of all pieces of some pages."""
    for page in pages:
        yield from (piece.text for piece in page.pieces)
