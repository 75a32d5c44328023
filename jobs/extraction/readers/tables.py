"""Tables of any format as blocks: each row names its columns, so that it can stand alone.

A grid may hold several tables, with titles above and notes below; empty rows and columns separate
them. Readers pass the text of all cells as it is shown, and mark merged cells by `fill_merged`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from jobs.extraction.blocks import Block, Kind
from jobs.extraction.readers.merged_cells import Across, Below
from jobs.extraction.readers.row_text import MAX_ROW_CHARS, row_texts, shortened
from jobs.extraction.readers.table_areas import (
    Row,
    bands,
    column_groups,
    is_line,
    is_preamble,
    is_single,
    may_be_headings,
    may_be_title,
    names_section,
    widened,
)
from jobs.extraction.readers.table_headings import (
    MAX_HEADING_ROWS,
    continues,
    count_headings,
    join_headings,
    known_headings,
)

# So many rows of a table are held while it is found out what it is; the rest is passed on.
HELD_ROWS = 2000
MAX_TITLE_ROWS = 4
MAX_CAPTION_CHARS = 300


def table_blocks(
    cells: Iterable[Sequence[str]],
    *,
    title: str = "",
    page: int | None = None,
    sheet: str = "",
    first_row: int = 1,
    first_column: int = 1,
    heading_rows: int | None = None,
    hinted_rows: Container[int] = (),
    known_rows: Container[int] = (),
    row_numbers: Sequence[int] = (),
    column_numbers: Sequence[int] = (),
) -> Iterator[Block]:
    """Yield the rows of the tables in a grid of cells, and the lines that stand between them.

    `heading_rows` is for a grid that is one table whose headings are known; None finds them.
    `hinted_rows` are the positions, from 0, of rows that look like headings to their format (bold
    text, Word's “header row”): that helps where the words alone say little. `known_rows` are those
    that are headings for sure (a filter stands on them). `title` stands before the title that the
    grid itself has. Blocks have a range of cells if `sheet` or `row_numbers` is given; these and
    `column_numbers` say which rows and columns of the sheet the grid has, where some are left out.
    """
    numbers = _Numbers(row_numbers, column_numbers, first_row, first_column)
    grid = _Grid(title, page, sheet, numbers, hinted_rows, known_rows)
    rows = enumerate(cells)
    if heading_rows is None:
        yield from grid.blocks(rows)
    else:
        yield from grid.known_table(rows, heading_rows)


def column_letters(column: int) -> str:
    """Return the letters of a column, counted from 1: A, B … Z, AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class _Numbers(NamedTuple):
    """Which row and column of its sheet a position in the grid is."""

    rows: Sequence[int]
    columns: Sequence[int]
    first_row: int
    first_column: int

    def cell(self, row: int, column: int) -> str:
        number = self.rows[row] if self.rows else self.first_row + row
        letters = self.columns[column] if self.columns else self.first_column + column
        return f"{column_letters(letters)}{number}"


class _Grid:
    """A grid of cells while it is read: what was found in it counts for what comes next."""

    def __init__(
        self,
        title: str,
        page: int | None,
        sheet: str,
        numbers: _Numbers,
        hinted_rows: Container[int],
        known_rows: Container[int],
    ) -> None:
        self._title, self._page, self._sheet = title, page, sheet
        self._numbers = numbers
        self._hinted_rows, self._known_rows = hinted_rows, known_rows
        # What stands alone: the title of the table that follows, or notes.
        self._lines: list[Block] = []
        # A row between empty ones: the headings of what follows, perhaps.
        self._lone_row: Row | None = None
        # Of the table before, for rows that go on below an empty one.
        self._names: list[str] = []
        self._caption = shortened(title, MAX_CAPTION_CHARS)
        self._columns = (0, 0)

    def blocks(self, rows: Iterator[Row]) -> Iterator[Block]:
        for band in bands(rows):
            held = list(islice(band, HELD_ROWS))
            groups = column_groups([row for _, row in held])
            if len(groups) == 1:
                yield from self._part(chain(held, band), groups[0])
                continue
            held += band
            for start, end in groups:
                cut = ((at, ["", *row][start + 1 : end + 1]) for at, row in held)
                for part in bands(cut):
                    shifted = ((at, [*[""] * start, *row]) for at, row in part)
                    yield from self._part(shifted, (start, end))
        yield from self._flush()

    def known_table(self, rows: Iterator[Row], heading_rows: int) -> Iterator[Block]:
        """Yield the rows of one table whose first rows are its headings."""
        heads = list(islice(rows, heading_rows))
        held = list(islice(rows, HELD_ROWS))
        width = max((len(row) for _, row in (*heads, *held)), default=0)
        columns = (0, width)
        yield from self._begin([widened(row, width) for _, row in heads], columns)
        if not held:
            yield from self._row(self._names, 0, [])
        yield from self._body((at, widened(row, width)) for at, row in chain(held, rows))
        yield from self._flush()

    def _part(self, rows: Iterator[Row], columns: tuple[int, int]) -> Iterator[Block]:
        """Yield what stands in columns without an empty row between: a table, or lines."""
        start, end = columns
        rows = ((at, widened(row[start:end], end - start)) for at, row in rows)
        held = list(islice(rows, HELD_ROWS))
        if self._columns != columns:
            yield from self._end_lone_row()
        self._columns, before = columns, self._columns
        if end - start == 1:
            yield from self._single_column(held, rows)
            return
        while held and is_line(held):
            self._add_line(*held.pop(0))
        while is_preamble(held):
            yield from self._flush()
            at, row = held.pop(0)
            yield from self._row(row[:2], at, [])
        if not held:
            if len(self._lines) > MAX_TITLE_ROWS:
                yield from self._flush()
            yield from self._body(rows)
            return
        known = next((n for n, (at, _) in enumerate(held[:HELD_ROWS]) if at in self._known_rows), 0)
        if known and not known_headings([row for _, row in held[: known + 1]]):
            yield from self._table(held[:known], iter(()), columns, before)
            held, before = held[known:], columns
        yield from self._table(held, rows, columns, before)

    def _table(
        self,
        held: list[Row],
        rest: Iterator[Row],
        columns: tuple[int, int],
        before: tuple[int, int],
    ) -> Iterator[Block]:
        """Yield the rows of a table; `before` are the columns of the one above."""
        heads = self._count_headings(held)
        if not heads and self._lone_row is not None:
            lone = self._lone_row[0], widened(self._lone_row[1], columns[1] - columns[0])
            heads = self._count_headings([lone, *held])
            held = [lone, *held] if heads else held
            self._lone_row = None if heads else self._lone_row
        yield from self._end_lone_row()
        if not heads and len(held) == 1 and may_be_headings(held[0][1]):
            self._lone_row = held[0]
            return
        section = ""
        if not heads and columns == before and continues(self._names, [row for _, row in held]):
            section = ". ".join(line.text.rstrip(" :") for line in self._lines)
            self._lines.clear()
        elif heads or self._lines or columns != before:
            yield from self._begin([row for _, row in held[:heads]], columns)
        yield from self._body(chain(held[heads:], rest), shortened(section, MAX_CAPTION_CHARS))

    def _single_column(self, held: list[Row], rest: Iterator[Row]) -> Iterator[Block]:
        """Yield a list of texts, or keep a few lines that may be a title."""
        heads = self._count_headings(held)
        if heads:
            yield from self._begin([row for _, row in held[:heads]], self._columns)
            yield from self._body(chain(held[heads:], rest))
            return
        for at, row in chain(held, rest):
            self._add_line(at, row)
            if len(self._lines) > MAX_TITLE_ROWS:
                yield from self._flush()

    def _count_headings(self, rows: Sequence[Row]) -> int:
        cells = [row for _, row in rows]
        for index, (at, _) in enumerate(rows[:MAX_HEADING_ROWS]):
            if at in self._known_rows:
                return known_headings(cells[: index + 1])
        hint = bool(rows) and rows[0][0] in self._hinted_rows
        return count_headings(cells, hint=hint)

    def _begin(
        self, headings: Sequence[Sequence[str]], columns: tuple[int, int]
    ) -> Iterator[Block]:
        """Take the names of columns, and the lines above as the title where they may be one."""
        count = 0
        for line in reversed(self._lines):
            if not may_be_title(line.text):
                break
            count += 1
        if count > MAX_TITLE_ROWS:
            count = 1
        lines = self._lines[len(self._lines) - count :]
        del self._lines[len(self._lines) - count :]
        yield from self._flush()
        titles = dict.fromkeys([self._title, *(line.text for line in lines)])
        parts = [text.rstrip(" .") for text in titles if text]
        self._caption = shortened(". ".join(parts), MAX_CAPTION_CHARS)
        self._names = join_headings(headings)
        self._columns = columns

    def _body(self, rows: Iterator[Row], section: str = "") -> Iterator[Block]:
        """Yield the rows of a table. Lines among them are names of sections, at the end notes."""
        lines: list[Row] = []
        for at, row in rows:
            if all(not cell or isinstance(cell, Across | Below) for cell in row):
                continue  # what a merged cell covers
            if len(row) > 1 and row[0] and is_single(row):
                lines.append((at, row))
                continue
            if lines and names_section(lines[-1][1]):
                section = shortened(
                    " ".join(lines.pop()[1][0].split()).rstrip(" :"), MAX_CAPTION_CHARS
                )
            for line_at, line in lines:
                yield from self._row(line[:1], line_at, [], section)
            lines = []
            yield from self._row(row, at, self._names, section)
        for at, row in lines:
            self._add_line(at, row)

    def _row(
        self, row: Sequence[str], at: int, names: Sequence[str], section: str = ""
    ) -> Iterator[Block]:
        caption = ". ".join(filter(None, (self._caption, section)))
        start, end = self._columns
        for text in row_texts(names, row, MAX_ROW_CHARS - len(caption)):
            yield Block(
                text,
                Kind.ROW,
                page=self._page,
                sheet=self._sheet,
                cells=self._range(at, start, end),
                caption=caption,
            )

    def _add_line(self, at: int, row: Sequence[str]) -> None:
        for column, cell in enumerate(row, self._columns[0]):
            if cell and not isinstance(cell, Across | Below):
                cells = self._range(at, column, column + 1)
                text = " ".join(cell.split())
                self._lines.append(Block(text, page=self._page, sheet=self._sheet, cells=cells))

    def _flush(self) -> Iterator[Block]:
        """Yield the lines that are no title of a table."""
        yield from self._end_lone_row()
        yield from self._lines
        self._lines.clear()

    def _end_lone_row(self) -> Iterator[Block]:
        if self._lone_row is not None:
            (at, row), self._lone_row = self._lone_row, None
            yield from self._row(row, at, [])

    def _range(self, at: int, start: int, end: int) -> str:
        """Return the range of cells in a row of the grid, as spreadsheets write it (A2:C2)."""
        if not self._sheet and not self._numbers.rows:
            return ""
        first, last = self._numbers.cell(at, start), self._numbers.cell(at, end - 1)
        return first if first == last else f"{first}:{last}"
