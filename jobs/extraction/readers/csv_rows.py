"""Text with separators (CSV, TSV) as rows of cells: what separates them, where a quote lacks."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

# In the order of preference: a comma may be that of decimals.
DELIMITERS = "\t;|,"
SNIFFED_ROWS = 200
# A delimiter that does not split all rows splits so many of the others alike.
AGREEING_SHARE = 0.5
# A delimiter is as good as the best if its score is not far below.
SIMILAR_SCORE = 0.9
# A quoted cell has no more lines, unless its closing quotation mark is missing.
MAX_CELL_LINES = 100

_DECLARED = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n", re.IGNORECASE)
_ENDS_SENTENCE = re.compile(r"[.!?。！？][\"'”’»)]*$")


class CsvRow(NamedTuple):
    """Cells, none if all are empty. `line`, from 1, is where the row begins."""

    line: int
    cells: list[str]
    lacks_quote: bool = False


def csv_rows(text: str, delimiter: str | None = None) -> Iterator[CsvRow]:
    """Yield the rows; empty lines too, as rows without cells.

    A delimiter of "" makes each line a row of one cell; None finds the delimiter. A quotation mark
    that is opened and not closed is taken as a character, and the row says so.
    """
    declared = _DECLARED.match(text)
    first_line = 1
    if declared:
        text, first_line = text[declared.end() :], 2
        delimiter = declared[1] if delimiter is None else delimiter
    if delimiter is None:
        delimiter = find_delimiter(text)
    if not delimiter:
        for number, line in enumerate(io.StringIO(text), first_line):
            yield CsvRow(number, [line.strip()] if line.strip() else [])
        return
    sample = [row.cells for row in islice(_rows(text, delimiter, 0), SNIFFED_ROWS)]
    width = _common_width(sample)
    has_prose = delimiter == "," and not _are_spaced(sample, width)
    for row in _rows(text, delimiter, width):
        cells = [cell.strip() for cell in row.cells]
        if has_prose and 1 < len(cells) < width and _is_spaced(row.cells):
            cells = [", ".join(cells)]  # a title or a note with commas
        yield CsvRow(row.line + first_line - 1, cells if any(cells) else [], row.lacks_quote)


def find_delimiter(text: str) -> str:
    """Return what separates the cells of most rows; "" for lines that have but one cell each."""
    scores = {delimiter: _score(text, delimiter) for delimiter in DELIMITERS}
    best = max(scores.values())
    if not best:
        return ""
    return next(each for each in DELIMITERS if scores[each] >= SIMILAR_SCORE * best)


def _score(text: str, delimiter: str) -> float:
    rows = [row.cells for row in islice(_rows(text, delimiter, 0), SNIFFED_ROWS) if any(row.cells)]
    width = _common_width(rows)
    if width < 2 or _are_sentences(rows, delimiter):
        return 0.0
    split = [len(cells) for cells in rows if len(cells) > 1]
    agreeing = split.count(width) / len(split)
    if agreeing < AGREEING_SHARE and len(split) < len(rows):
        return 0.0
    # Titles and notes above and below a table are not split.
    return agreeing * math.sqrt(len(split) / len(rows))


def _are_sentences(rows: list[list[str]], delimiter: str) -> bool:
    """Return whether the delimiter is rather the punctuation of prose."""
    if delimiter not in ",;":
        return False
    ends = sum(_ENDS_SENTENCE.search(cells[-1].rstrip()) is not None for cells in rows)
    return 2 * ends > len(rows) and 2 * sum(map(_is_spaced, rows)) > len(rows)


def _are_spaced(rows: list[list[str]], width: int) -> bool:
    """Return whether this file has blanks behind its delimiters."""
    full = [cells for cells in rows if len(cells) == width]
    return 2 * sum(map(_is_spaced, full)) > len(full)


def _is_spaced(cells: list[str]) -> bool:
    return all(cell.startswith(" ") for cell in cells[1:])


def _common_width(rows: list[list[str]]) -> int:
    widths = Counter(len(cells) for cells in rows if len(cells) > 1)
    return max(widths, key=lambda width: (widths[width], width), default=0)


class _Lines:
    """The lines of a text, some of which may be given back; no record gets too many of them."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self._returned: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) > MAX_CELL_LINES:
            raise StopIteration
        line = self._returned.popleft() if self._returned else next(self._lines)
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        """Take back all lines of the record but the first."""
        self._returned.extendleft(reversed(self.taken[1:]))


def _rows(text: str, delimiter: str, width: int) -> Iterator[CsvRow]:
    """Yield the rows; `width` is how many cells they should have, 0 if that is not known."""
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 1
    while True:
        lines.taken.clear()
        try:
            cells = next(reader, None)
        except csv.Error:  # the end is missing, or stands before more text
            cells = []
        if cells is None:
            return
        first = lines.taken[0]
        if (not cells and first.strip()) or _runs_on(lines.taken, cells, delimiter, width):
            lacks_quote = len(lines.taken) > 1 or first.count('"') % 2 == 1
            lines.give_back()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            yield CsvRow(number, _lenient(first, delimiter, lacks_quote=lacks_quote), lacks_quote)
            number += 1
            continue
        yield CsvRow(number, cells)
        number += len(lines.taken)


def _runs_on(taken: list[str], cells: list[str], delimiter: str, width: int) -> bool:
    """Return whether a record took in other lines: its first is whole by itself."""
    return len(taken) > 1 and len(cells) != width and taken[0].count(delimiter) + 1 == width


def _lenient(line: str, delimiter: str, *, lacks_quote: bool) -> list[str]:
    if lacks_quote:
        return [cell.strip().strip('"') for cell in line.split(delimiter)]
    return next(csv.reader([line], delimiter=delimiter), [])
