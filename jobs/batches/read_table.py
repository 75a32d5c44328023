"""Reads the rows of one uploaded table, in a child process: see `jobs.batches.spreadsheet`.

`python -m jobs.batches.read_table EXTENSION MEMORY_MB SECONDS` reads the file from its standard
input. It prints lines of JSON: the name of a sheet, a list of cells for each of its rows, and where
there are any, by their columns, the rows of formulas without a result. The exit code
UNREADABLE_EXIT comes with the report of a `RefusedTableError` on standard error.
"""

from __future__ import annotations

import json
import string
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from jobs.batches.guess_table import SNIFFED_ROWS, asks
from jobs.batches.table_limits import (
    MAX_CELLS,
    MAX_CHARS,
    MAX_COLUMNS,
    MAX_ROW_CHARS,
    MAX_ROWS,
    MAX_SHEETS,
    WORKBOOK_EXTENSIONS,
    Refusal,
    RefusedTableError,
)
from jobs.extraction.confinement import confine
from jobs.extraction.file_types import (
    OLE_SIGNATURE,
    ZIP_SIGNATURE,
    UnreadableFileError,
)
from jobs.extraction.readers.csv_rows import DELIMITERS, csv_rows, find_delimiter
from jobs.extraction.readers.xml_archive import TOO_LARGE
from jobs.extraction.resource_limits import OUT_OF_MEMORY_EXIT, UNREADABLE_EXIT, limit_resources
from jobs.extraction.text_encoding import decode

if TYPE_CHECKING:
    from jobs.extraction.readers.sheet_grid import SheetGrid

# The beginning of every spreadsheet of OpenDocument: its media type is its first member.
ODS_MARK = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
ODS_MARK_AT = 30
NO_DELIMITER = "\x1f"
SNIFFED_CHARS = 100_000
# Of the first rows, so many are whole questions if the delimiter is the comma of sentences.
WHOLE_SHARE = 0.2

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of one width. `unsaved`: rows of formulas without a result, by column, from 0.

    The name is "" for a file that has none for its sheet.
    """

    name: str
    rows: tuple[Row, ...]
    unsaved: dict[int, list[int]] = field(default_factory=dict)


def read_table(extension: str, data: bytes) -> Iterator[Table]:
    """Yield each visible sheet that holds something.

    Raises RefusedTableError, MemoryError, or whatever a broken workbook makes its reader raise.
    """
    if data.startswith(ZIP_SIGNATURE):
        yield from _read_workbook(data)
        return
    if extension in WORKBOOK_EXTENSIONS or data.startswith(OLE_SIGNATURE):
        raise RefusedTableError(Refusal.NO_WORKBOOK)
    try:
        text = decode(data)
    except UnreadableFileError:
        raise RefusedTableError(Refusal.NO_TABLE) from None
    if not text.strip(DELIMITERS + string.whitespace):
        return
    rows = squared_rows(read_lines(text) if extension == ".txt" else read_cells(text))
    if rows:
        yield Table("", rows)


def read_lines(text: str) -> Iterable[Sequence[str]]:
    """Return a row of one cell for each line."""
    return ([line] for line in text.splitlines())


def read_cells(text: str, delimiter: str | None = None) -> Iterable[Sequence[str]]:
    """Yield the rows of a CSV, by the delimiter that it seems to have if none is given.

    Raises RefusedTableError at a quotation mark that is never closed.
    """
    for row in csv_rows(text, delimiter or _delimiter(text)):
        if row.lacks_quote:
            raise RefusedTableError(Refusal.OPEN_QUOTE, row.line)
        yield row.cells


def _delimiter(text: str) -> str | None:
    """Return what separates the cells; None if the text says so itself, as Excel may have it."""
    if text[:5].lower().startswith(("sep=", '"sep=')):
        return None
    head = text[:SNIFFED_CHARS]
    delimiter = find_delimiter(head) or NO_DELIMITER
    rows = [row.cells for row in islice(csv_rows(head, delimiter), SNIFFED_ROWS) if row.cells]
    # Questions with a comma here and there: one column of sentences.
    whole = sum(len(cells) == 1 and asks(cells[0]) for cells in rows)
    return NO_DELIMITER if whole > WHOLE_SHARE * len(rows) else delimiter


def squared_rows(rows: Iterable[Sequence[str]]) -> tuple[Row, ...]:
    """Return rows of the same width, without blank rows and columns at the end.

    Raises RefusedTableError while it reads, so that no table fills the memory.
    """
    kept: list[list[str]] = []
    blank = width = chars = 0  # blank rows; a workbook may have a million of them at its end
    for row in rows:
        cells = [cell.strip() for cell in row[:MAX_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            blank += 1
            continue
        kept += [[] for _ in range(min(blank, MAX_ROWS))]
        kept.append(cells)
        blank = 0
        length = sum(map(len, cells))
        width, chars = max(width, len(cells)), chars + length
        if len(kept) > MAX_ROWS:
            raise RefusedTableError(Refusal.ROWS)
        if length > MAX_ROW_CHARS:
            raise RefusedTableError(Refusal.ROW_CHARS)
        if width * len(kept) > MAX_CELLS or chars > MAX_CHARS:
            raise RefusedTableError(Refusal.CELLS)
    return tuple(tuple([*row, *[""] * (width - len(row))]) for row in kept)


def _read_workbook(data: bytes) -> Iterator[Table]:
    if data.startswith(ODS_MARK, ODS_MARK_AT):
        from jobs.extraction.readers.ods import visible_grids
    else:
        from jobs.extraction.readers.workbook import visible_grids
    for number, (name, grid) in enumerate(visible_grids(data), start=1):
        if number > MAX_SHEETS:
            raise RefusedTableError(Refusal.SHEETS)
        if rows := squared_rows(_rows_of(grid)):
            yield Table(name, rows, _unsaved(grid))


def _rows_of(grid: SheetGrid) -> Iterator[Sequence[str]]:
    """Yield all rows to the last one with a value, also those without."""
    for number in range(1, max(grid.rows, default=0) + 1):
        cells = grid.rows.get(number, {})
        yield [cells.get(column, "") for column in range(1, max(cells, default=0) + 1)]


def _unsaved(grid: SheetGrid) -> dict[int, list[int]]:
    columns: dict[int, list[int]] = defaultdict(list)
    for row, column in sorted(grid.unsaved):
        if column <= MAX_COLUMNS:
            columns[column - 1].append(row - 1)
    return columns


def main(arguments: list[str]) -> int:
    """Read one table, limited and confined; the exit code says what went wrong."""
    extension, memory_mb, seconds = arguments
    limit_resources(int(memory_mb), int(seconds))
    confine()
    try:
        data = sys.stdin.buffer.read()
        for table in read_table(extension, data):
            _print_json(table.name)
            for row in table.rows:
                _print_json(row)
            if table.unsaved:
                _print_json(table.unsaved)
        sys.stdout.flush()
    except MemoryError:
        return OUT_OF_MEMORY_EXIT
    except RefusedTableError as error:
        sys.stderr.write(error.report)
        return UNREADABLE_EXIT
    except ValueError as error:
        is_bomb = str(error) == TOO_LARGE
        refusal = Refusal.WORKBOOK_SIZE if is_bomb else Refusal.BROKEN
        sys.stderr.write(RefusedTableError(refusal).report)
        return UNREADABLE_EXIT
    except (UnreadableFileError, OSError, RuntimeError, SyntaxError):
        sys.stderr.write(RefusedTableError(Refusal.BROKEN).report)
        return UNREADABLE_EXIT
    return 0


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
