"""Merged cells: each cell that one covers carries its value, and knows that it is covered."""

from __future__ import annotations


class Across(str):
    """The value of a merged cell, in a cell that it covers to the right of its own column."""

    __slots__ = ()


class Below(str):
    """The value of a merged cell, in its own column of a row that it covers further down."""

    __slots__ = ()


def fill_merged(
    rows: list[list[str]], row: int, column: int, row_span: int, column_span: int
) -> None:
    """Write the value of a merged cell, which stands at `row` and `column`, into what it covers.

    Only cells that exist are filled: a span may claim a million rows.
    """
    value = rows[row][column]
    if not value:
        return
    across, below = Across(value), Below(value)
    for at in range(row, min(row + row_span, len(rows))):
        cells = rows[at]
        last = min(column + column_span, len(cells))
        if at > row and column < len(cells):
            cells[column] = below
        for covered in range(column + 1, last):
            cells[covered] = across
