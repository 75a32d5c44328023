"""A sheet of a spreadsheet as a grid of texts: what shows of it becomes blocks, the rest notes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from jobs.extraction.blocks import Block, Note
from jobs.extraction.readers.merged_cells import Across, Below
from jobs.extraction.readers.tables import table_blocks

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
# A sheet may claim any number of merged cells over each other: no more cells are filled than these.
MAX_FILLED = 1_000_000


@dataclass(frozen=True, slots=True)
class Area:
    """A range of cells, all bounds included and counted from 1."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class SheetGrid:
    """What one sheet holds: the texts of its cells by row and column, without empty ones."""

    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    # One for each column, by its number; 1 if it is hidden.
    hidden_columns: bytearray = field(default_factory=lambda: bytearray(MAX_COLUMN + 1))
    merged: list[Area] = field(default_factory=list)
    # Rows that are headings for sure, or look like some.
    known_rows: set[int] = field(default_factory=set)
    hinted_rows: set[int] = field(default_factory=set)
    # Formulas whose result was not saved.
    unsaved: set[tuple[int, int]] = field(default_factory=set)
    # Those of them that were worked out here.
    calculated: set[tuple[int, int]] = field(default_factory=set)

    def is_hidden(self, row: int, column: int) -> bool:
        return row in self.hidden_rows or bool(self.hidden_columns[min(column, MAX_COLUMN)])

    def visible_columns(self) -> list[int]:
        """Return the columns in use that show, and one that is empty between those apart."""
        used = {column for cells in self.rows.values() for column in cells}
        shown = sorted(column for column in used if not self.hidden_columns[column])
        columns = shown[:1]
        for before, column in pairwise(shown):
            if 0 in self.hidden_columns[before + 1 : column]:
                columns.append(before + 1)
            columns.append(column)
        return columns

    def visible_rows(self) -> list[int]:
        """Return the rows in use that show, and one that is empty between those apart."""
        hidden = sorted(self.hidden_rows)
        shown = sorted(row for row in self.rows if row not in self.hidden_rows)
        rows = shown[:1]
        for before, row in pairwise(shown):
            hidden_between = bisect_left(hidden, row) - bisect_left(hidden, before)
            if row - before - 1 > hidden_between:
                rows.append(before + 1)
            rows.append(row)
        return rows

    def fill_merged(self) -> None:
        """Write the value of each merged cell into the cells in use that it covers and that show.

        The first of them has it as its own, since the cell where it is stored may be hidden.
        """
        numbers = sorted(row for row in self.rows if row not in self.hidden_rows)
        used = {column for cells in self.rows.values() for column in cells}
        columns = sorted(column for column in used if not self.hidden_columns[column])
        filled = 0
        for area in self.merged:
            value = self.rows.get(area.top, {}).get(area.left)
            shown = columns[bisect_left(columns, area.left) : bisect_right(columns, area.right)]
            first, last = bisect_left(numbers, area.top), bisect_right(numbers, area.bottom)
            if not value or not shown or filled > MAX_FILLED:
                continue
            own: str = value
            below, across = Below(value), Across(value)
            for number in numbers[first:last]:
                cells = self.rows[number]
                cells[shown[0]] = own
                cells.update(dict.fromkeys(shown[1:], across))
                own = below
                filled += len(shown)


@dataclass(slots=True)
class LeftOut:
    """What was left out, or could not be known."""

    sheets: int = 0
    rows: int = 0
    columns: int = 0
    formulas: int = 0
    calculated: int = 0


def grid_blocks(sheet: SheetGrid, name: str, title: str, left_out: LeftOut) -> Iterator[Block]:
    """Yield the rows of what shows of a sheet, and count what does not."""
    used = {column for cells in sheet.rows.values() for column in cells}
    left_out.columns += sum(sheet.hidden_columns[column] for column in used)
    left_out.rows += len(sheet.hidden_rows & sheet.rows.keys())
    left_out.formulas += sum(not sheet.is_hidden(*at) for at in sheet.unsaved)
    left_out.calculated += sum(not sheet.is_hidden(*at) for at in sheet.calculated)
    sheet.fill_merged()
    rows, columns = sheet.visible_rows(), sheet.visible_columns()
    yield from table_blocks(
        _grid(sheet, rows, columns),
        title=title,
        sheet=name,
        hinted_rows=_positions(rows, sheet.hinted_rows),
        known_rows=_positions(rows, sheet.known_rows),
        row_numbers=rows,
        column_numbers=columns,
    )


def _grid(sheet: SheetGrid, rows: Sequence[int], columns: Sequence[int]) -> Iterator[list[str]]:
    for row in rows:
        cells = sheet.rows.get(row, {})
        yield [cells.get(column, "") for column in columns] if cells else []


def _positions(rows: Sequence[int], chosen: set[int]) -> set[int]:
    return {position for position, row in enumerate(rows) if row in chosen}


def left_out_notes(left_out: LeftOut) -> Iterator[Note]:
    """Yield a sentence for each kind of thing that was left out."""
    if left_out.formulas:
        yield Note(_formulas_sentence(left_out.formulas, left_out.calculated))
    counts = {"sheet": left_out.sheets, "row": left_out.rows, "column": left_out.columns}
    parts = [_counted(count, noun) for noun, count in counts.items() if count]
    if parts:
        listed = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
        yield Note(f"{listed} {'was' if sum(counts.values()) == 1 else 'were'} left out.")


def _formulas_sentence(count: int, calculated: int) -> str:
    has = "1 formula has" if count == 1 else f"{count:,} formulas have"
    if not calculated:
        return f"{has} no saved result."
    which = f"{calculated:,} of them" if calculated < count else "it" if count == 1 else "they"
    were = "was" if calculated == 1 else "were"
    return f"{has} no saved result; {which} {were} calculated when the file was read."


def _counted(count: int, noun: str) -> str:
    return f"{count:,} hidden {noun}" + ("" if count == 1 else "s")
