"""Files of questions: CSV, XLSX and plain lines become rows of cells, and what they seem to hold.

A child process reads files (`jobs.batches.read_table`). What it read is guessed at here; whoever
uploads a file sees the guess and can correct it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from jobs.batches.guess_table import likely_column, likely_header_row, sheet_score
from jobs.batches.models import Lines
from jobs.batches.read_table import read_cells, read_lines, squared_rows
from jobs.batches.table_limits import (
    MAX_CELLS,
    MAX_CHARS,
    MAX_FILE_BYTES,
    MAX_ROW_CHARS,
    MAX_SHEETS,
    WORKBOOK_EXTENSIONS,
    Refusal,
    RefusedTableError,
)
from jobs.errors import InvalidBatchError, TooManyFilesError
from jobs.extraction import sandbox
from jobs.extraction.resource_limits import OUT_OF_MEMORY_EXIT, WAITING_TIMES
from jobs.extraction.slots import NoSlotError, Slots
from jobs.questions.query import fold

SUPPORTED_EXTENSIONS = (".csv", ".tsv", ".txt", *WORKBOOK_EXTENSIONS)
# The largest table that is taken needs half of the memory, and a tenth of the time.
MEMORY_MB = 512
SECONDS = 20
# Each reading keeps a processor busy.
AT_ONCE = 2
WAITING_PER_USER = 1
WAITING_IN_ALL = 10
WAIT_SECONDS = 20.0
# JSON escapes a character in twelve bytes at most.
MAX_LINE_BYTES = 12 * MAX_ROW_CHARS + 64 * 1024
MAX_PASTED_CHARS = 1_000_000
# Of the rows with a formula without a result, so many are named.
NAMED_ROWS = 5
_SPACE_BEFORE_MARK = re.compile(r" (?=[?!.]+$)")

_slots = Slots(AT_ONCE, WAITING_PER_USER, WAITING_IN_ALL)

Row = tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A table of cells, all rows of the same width. Rows are counted from 0.

    `unsaved` are rows and columns of formulas whose results the file does not hold.
    """

    name: str
    rows: tuple[Row, ...]
    unsaved: frozenset[tuple[int, int]] = frozenset()

    @property
    def likely_header_row(self) -> int | None:
        """The row that seems to name the columns, or None; rows above it are titles."""
        return likely_header_row(self.rows)

    def likely_column(self, header_row: int | None) -> int:
        """The position of the column that seems to hold the questions."""
        return likely_column(self.rows, header_row)

    def header(self, header_row: int | None) -> Row:
        """The names of the columns: of that row, or else Column A, Column B …"""
        # Its import takes a quarter of a second, for which no page waits before it has a file.
        from openpyxl.utils import get_column_letter

        width = len(self.rows[0]) if self.rows else 0
        names = tuple(f"Column {get_column_letter(column)}" for column in range(1, width + 1))
        if header_row is None or not self.rows:
            return names
        return tuple(cell or name for cell, name in zip(self.rows[header_row], names, strict=True))

    def first_row(self, header_row: int | None) -> int:
        """The first row below the header that is not empty."""
        start = 0 if header_row is None else header_row + 1
        return next((row for row in range(start, len(self.rows)) if any(self.rows[row])), start)

    def body(self, header_row: int | None) -> tuple[Row, ...]:
        return self.rows[self.first_row(header_row) :]


def read_sheets(name: str, data: bytes, user: str = "") -> tuple[Sheet, ...]:
    """Return the sheets of a user's file that hold something, as a child process reads them.

    It may wait for minutes, see above: the caller holds no event loop. Raises
    InvalidBatchError; TooManyFilesError while too many files are read; DocumentStoreFullError.
    """
    if not data.strip():
        raise InvalidBatchError(Refusal.EMPTY)
    if len(data) > MAX_FILE_BYTES:
        raise InvalidBatchError(Refusal.FILE_SIZE)
    suffix = PurePath(name).suffix.lower()
    extension = suffix if suffix in SUPPORTED_EXTENSIONS else ""
    try:
        with _slots.take(user, WAIT_SECONDS):
            return _read_in_child(PurePath(name).stem, extension, data)
    except NoSlotError as error:
        raise TooManyFilesError() from error


def _read_in_child(stem: str, extension: str, data: bytes) -> tuple[Sheet, ...]:
    output = _Output(stem)
    try:
        result = sandbox.run(
            [
                sys.executable,
                "-m",
                "jobs.batches.read_table",
                extension,
                str(MEMORY_MB),
                str(SECONDS),
            ],
            timeout_seconds=WAITING_TIMES * SECONDS,
            on_line=output.add_line,
            stdin=data,
            max_line_bytes=MAX_LINE_BYTES,
        )
    except TimeoutError as error:
        raise InvalidBatchError(Refusal.TIME) from error
    except sandbox.BrokenOutputError as error:
        raise InvalidBatchError(Refusal.BROKEN) from error
    if result.exit_code == 0:
        return output.sheets()
    if result.is_out_of_time:
        raise InvalidBatchError(Refusal.TIME)
    refused = RefusedTableError.of_report(result.stderr.decode(errors="replace"))
    if refused is not None:
        raise InvalidBatchError(refused.sentence) from refused
    is_out_of_memory = result.exit_code == OUT_OF_MEMORY_EXIT or result.peak_mb > MEMORY_MB / 2
    raise InvalidBatchError(Refusal.MEMORY if is_out_of_memory else Refusal.BROKEN)


class _Output:
    """Collects what the child prints: the name of a sheet, then its rows.

    The file may have taken the child over: what is kept is bounded here too.
    """

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self._sheets: list[tuple[str, list[Row], set[tuple[int, int]]]] = []
        self._cells = self._chars = 0
        # Workbooks say the same again and again.
        self._known: dict[str, str] = {}

    def add_line(self, line: bytes) -> None:
        value = _parsed(line)
        if isinstance(value, str):
            self._begin(value)
        elif isinstance(value, dict):
            self._add_unsaved(value)
        else:
            self._add_row(value)

    def _begin(self, name: str) -> None:
        if len(self._sheets) >= MAX_SHEETS or len(name) > MAX_ROW_CHARS:
            raise sandbox.BrokenOutputError
        self._sheets.append((name or self._stem, [], set()))

    def _add_row(self, cells: Any) -> None:
        is_row = isinstance(cells, list) and all(isinstance(cell, str) for cell in cells)
        if not is_row or not cells or not self._sheets:
            raise sandbox.BrokenOutputError
        rows = self._sheets[-1][1]
        if rows and len(rows[0]) != len(cells):
            raise sandbox.BrokenOutputError
        self._cells += len(cells)
        self._chars += sum(map(len, cells))
        if self._cells > MAX_CELLS or self._chars > MAX_CHARS:
            raise InvalidBatchError(Refusal.CELLS)
        rows.append(tuple(self._known.setdefault(cell, cell) for cell in cells))

    def _add_unsaved(self, columns: dict[str, Any]) -> None:
        if not self._sheets:
            raise sandbox.BrokenOutputError
        _, rows, unsaved = self._sheets[-1]
        for column, numbers in columns.items():
            if not column.isdecimal() or not isinstance(numbers, list):
                raise sandbox.BrokenOutputError
            for number in numbers:
                if not isinstance(number, int) or not 0 <= number < len(rows):
                    raise sandbox.BrokenOutputError
                unsaved.add((number, int(column[:4])))

    def sheets(self) -> tuple[Sheet, ...]:
        """Return what was printed; raises InvalidBatchError if that is nothing."""
        if not self._sheets:
            raise InvalidBatchError(Refusal.NO_ROWS)
        if not all(rows for _, rows, _ in self._sheets):
            raise InvalidBatchError(Refusal.BROKEN)
        return tuple(
            Sheet(name, tuple(rows), frozenset(unsaved)) for name, rows, unsaved in self._sheets
        )


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise sandbox.BrokenOutputError from error


def likely_sheet(sheets: Sequence[Sheet]) -> int:
    """The position of the sheet that seems to hold the questions."""
    return max(
        range(len(sheets)), key=lambda index: sheet_score(sheets[index].name, sheets[index].rows)
    )


def pasted_sheet(text: str) -> Sheet:
    """The lines of a text, one question each; or, of cells copied from a spreadsheet, a table.

    Raises InvalidBatchError.
    """
    if len(text) > MAX_PASTED_CHARS:
        raise InvalidBatchError(
            f"These are more than {MAX_PASTED_CHARS:,} characters. Upload them as a file."
        )
    try:
        return Sheet(
            "pasted", squared_rows(read_cells(text, "\t") if "\t" in text else read_lines(text))
        )
    except RefusedTableError as error:
        raise InvalidBatchError(error.sentence) from error


def lines_of(name: str, sheet: Sheet, column: int, *, header_row: int | None) -> Lines:
    """What a sheet asks, if this column holds the questions: each once, blank cells nothing.

    Raises InvalidBatchError if a question is a formula without a result.
    """
    first = sheet.first_row(header_row)
    unsaved = sorted(row for row, at in sheet.unsaved if at == column and row >= first)
    if unsaved:
        raise InvalidBatchError(_unsaved_sentence(unsaved))
    body = sheet.body(header_row)
    positions: dict[str, int] = {}
    asks: list[int | None] = []
    for row in body:
        key = _key(row[column])
        asks.append(positions.setdefault(key, len(positions)) if key else None)
    firsts: dict[int, str] = {}
    for row, position in zip(body, asks, strict=True):
        if position is not None:
            firsts.setdefault(position, row[column].strip())
    header = sheet.header(header_row)
    return Lines(name, header, body, column, tuple(firsts.values()), tuple(asks))


def _key(question: str) -> str:
    """Return what two questions have in common that differ in case, accents' writing or spaces."""
    return _SPACE_BEFORE_MARK.sub("", " ".join(fold(question).split()))


def _unsaved_sentence(rows: Sequence[int]) -> str:
    numbers = [f"{row + 1:,}" for row in rows[:NAMED_ROWS]]
    more = len(rows) - len(numbers)
    last = f"{more:,} more" if more else numbers.pop()
    listed = f"{', '.join(numbers)} and {last}" if numbers else last
    subject = (
        f"The question in row {listed} is a formula whose result was"
        if len(rows) == 1
        else f"The questions in rows {listed} are formulas whose results were"
    )
    return (
        f"{subject} not saved. Open the file in a spreadsheet, save it there, and upload it again."
    )
