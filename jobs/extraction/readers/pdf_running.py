"""Headers and footers that run through a document: they are kept once, not on each page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from jobs.extraction.readers.pdf_columns import Row, rows_of
from jobs.extraction.readers.pdf_text import PageText, Piece

MIN_PAGES = 3
# On so many of the pages they stand, in so much of their height at the top and at the bottom.
PAGES_SHARE = 0.5
ZONE_SHARE = 0.12
ZONE_ROWS = 3
# A number behind so many words of a header is that of the page.
MIN_HEADER_WORDS = 3
# The headings of a table stand as near to its first row, in heights of a line.
TABLE_GAP = 1.5

_PAGE_WORD = (
    r"(?:pages?|pg?\.|seite|s\.|página|pág\.|pagina|pag\.|blz\.|side|sida|sivu|strona|str\.|стр\.)"
)
_OF = r"(?:\s{0,8}(?:of|von|de|sur|di|van|/|из|z|av|af)\s{0,8}\d{1,4})"
_NAMED_PAGE = re.compile(rf"\b{_PAGE_WORD}\s*(\d{{1,4}}){_OF}?(?!\w)", re.IGNORECASE)
_LAST_NUMBER = re.compile(r"(?<=\s)(\d{1,4})$")
_BARE_PAGE = re.compile(
    rf"[-–—|\s]{{0,20}}(\d{{1,4}}|[ivxlc]{{1,7}}){_OF}?[-–—|\s]{{0,20}}", re.IGNORECASE
)


class RunningLines:
    """Remembers which running lines of a document have been kept."""

    def __init__(self) -> None:
        self._kept: set[str] = set()

    def left_out(self, pages: Sequence[tuple[int, str, PageText]]) -> list[set[int]]:
        """Return for each page the ids of its pieces that say nothing new.

        Pages are given with their numbers and labels. What is left out is the number of the page
        alone, or stands on a page before.
        """
        found = [list(_candidates(page, number, label)) for number, label, page in pages]
        counts = Counter(key for page in found for key in {key for key, _ in page})
        fewest = max(MIN_PAGES, PAGES_SHARE * len(pages))
        running = {key for key, count in counts.items() if count >= fewest}
        left_out: list[set[int]] = []
        for page in found:
            drop = {
                id(piece)
                for key, piece in page
                if key in running and (key in self._kept or key.partition(" ")[2].startswith("#"))
            }
            for key, piece in page:
                if key in running:
                    piece.is_bold = False  # it heads nothing
            self._kept |= running & {key for key, _ in page}
            left_out.append(drop)
        return left_out


def _candidates(page: PageText, number: int, label: str) -> Iterator[tuple[str, Piece]]:
    """Yield what may run through a document: pieces near the edges of a page, as what repeats."""
    upright = [piece for piece in page.pieces if piece.turn == 0]
    top = [piece for piece in upright if piece.bottom < ZONE_SHARE * page.height]
    bottom = [piece for piece in upright if piece.top > (1 - ZONE_SHARE) * page.height]
    rows = rows_of(upright) if top or bottom else []
    zones = (("top", rows[:ZONE_ROWS], top), ("bottom", rows[-ZONE_ROWS:], bottom))
    for zone, near, within in zones:
        allowed = {id(piece) for piece in within}
        for row in near:
            if _heads_a_table(row, rows):
                continue
            is_last = zone == "bottom" and row is rows[-1]
            for piece in row:
                if id(piece) in allowed:
                    text = _without_number(piece.text, number, label, may_end_with_one=is_last)
                    yield f"{zone} {text}", piece


def _heads_a_table(row: Row, rows: Sequence[Row]) -> bool:
    """Return whether the row below has as many pieces, each below one of these."""
    at = next(index for index, other in enumerate(rows) if other is row)
    if len(row) < 2 or at + 1 == len(rows):
        return False
    below = rows[at + 1]
    if len(below) != len(row) or below[0].top - row[0].bottom > TABLE_GAP * row[0].height:
        return False
    return all(one.left < two.right and two.left < one.right for one, two in _pairs(row, below))


def _pairs(row: Row, below: Row) -> Iterable[tuple[Piece, Piece]]:
    return zip(row, below, strict=True)


def _without_number(text: str, page: int, label: str, *, may_end_with_one: bool) -> str:
    """Return a text in which the number of the page, if there is one, is the same on all pages.

    A number at the end of other words is the page's in a footer; in a header, it may be a subject.
    """
    if bare := _BARE_PAGE.fullmatch(text):
        number = bare.group(1)
        if number == label or not number.isdigit():
            return "#"
        return f"# {int(number) - page}"
    named = _NAMED_PAGE.sub(lambda match: f"% {int(match.group(1)) - page}", text)
    last = _LAST_NUMBER.search(text)
    if named != text or last is None:
        return named
    if may_end_with_one or text.count(" ") >= MIN_HEADER_WORDS:
        return f"{text[: last.start()]}% {int(last.group(1)) - page}"
    return text
