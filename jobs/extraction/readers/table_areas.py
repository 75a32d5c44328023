"""Where the tables of a grid of cells begin and end, and which rows are lines rather than rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobs.extraction.readers.cell_kinds import CellKind, is_sentence, kind_of
from jobs.extraction.readers.merged_cells import Across, Below

MAX_TITLE_CHARS = 150
# How far below it is looked for the rows that a line of a wide table may belong to.
LOOKAHEAD_ROWS = 6

Row = tuple[int, Sequence[str]]  # its position in the grid, from 0, and its cells


def bands(rows: Iterator[Row]) -> Iterator[Iterator[Row]]:
    """Yield runs of rows between empty rows. Each is to be used up before the next."""
    for row in rows:
        if any(row[1]):
            yield _until_empty(row, rows)


def _until_empty(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    for row in rows:
        if not any(row[1]):
            return
        yield row


def widened(row: Sequence[str], width: int) -> Sequence[str]:
    """Return a row with so many cells, or as many as it has."""
    return row if len(row) >= width else [*row, *[""] * (width - len(row))]


def column_groups(rows: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Return the spans of columns that are tables by themselves, or one span of all that is used.

    What stands to the right of an empty column is a table of its own if its first column has
    words: numbers there belong to the words at the left.
    """
    used = sorted({column for row in rows for column, cell in enumerate(row) if cell})
    spans: list[tuple[int, int]] = []
    for column in used:
        if spans and spans[-1][1] == column:
            spans[-1] = (spans[-1][0], column + 1)
        else:
            spans.append((column, column + 1))
    groups: list[tuple[int, int]] = []
    for start, end in spans:
        if groups and not (_is_table(rows, *groups[-1]) and _is_table(rows, start, end)):
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((start, end))
    return groups


def _is_table(rows: Sequence[Sequence[str]], start: int, end: int) -> bool:
    """Return whether columns have two rows or more of two cells or more, the first of words."""
    if end - start < 2:
        return False
    full = [cells for row in rows if sum(map(bool, cells := row[start:end])) > 1]
    keys = [kind_of(row[0]) for row in full[1:]]
    words = sum(kind in (CellKind.WORDS, CellKind.CODE) for kind in keys)
    return len(full) > 1 and 2 * words > len(keys)


def is_single(row: Sequence[str]) -> bool:
    """Return whether a row has one cell alone, or one merged cell."""
    cells = [cell for cell in row if cell and not isinstance(cell, Across)]
    return len(cells) == 1 and not isinstance(cells[0], Below)


def is_line(rows: Sequence[Row]) -> bool:
    """Return whether the first row stands by itself above a table, as a title does.

    Not so if its one cell stands above columns further right: it is an upper heading of them.
    """
    row = rows[0][1]
    if not is_single(row):
        return False
    column = next(at for at, cell in enumerate(row) if cell)
    below = rows[1][1] if len(rows) > 1 else ()
    return column == 0 or is_single(below) or not below or not below[column]


def is_preamble(rows: Sequence[Row]) -> bool:
    """Return whether the first row is a label and its value above a table that is much wider."""
    if len(rows) < 3 or len(rows[0][1]) < 4:
        return False
    filled = [at for at, cell in enumerate(rows[0][1]) if cell]
    widest = max(sum(map(bool, row)) for _, row in rows[1:LOOKAHEAD_ROWS])
    return filled == [0, 1] and widest > 2 * len(filled) - 1


def may_be_title(text: str) -> bool:
    return len(text) <= MAX_TITLE_CHARS and not is_sentence(text)


def may_be_headings(row: Sequence[str]) -> bool:
    """Return whether a row between empty rows has names alone, which those that follow may need."""
    named = (CellKind.WORDS, CellKind.YEAR, CellKind.DATE, CellKind.EMPTY)
    return len(row) > 1 and all(may_be_title(cell) and kind_of(cell) in named for cell in row)


def names_section(row: Sequence[str]) -> bool:
    """Return whether a row with one cell names the rows below it.

    It is merged, in capitals, or ends in a colon.
    """
    return any(isinstance(cell, Across) for cell in row) or row[0].isupper() or row[0].endswith(":")
