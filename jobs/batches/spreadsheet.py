"""Files of questions: CSV, XLSX and plain lines become rows of cells, and what they seem to hold.

Reading guesses; whoever uploads a file sees the guess and can correct it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import Any

from jobs.batches.models import Lines
from jobs.errors import InvalidBatchError
from jobs.extraction.file_types import (
    OLE_SIGNATURE,
    ZIP_SIGNATURE,
    UnreadableFileError,
    decode_text,
)

SUPPORTED_EXTENSIONS = (".csv", ".tsv", ".txt", ".xlsx")
DELIMITERS = ",;\t|"
NO_DELIMITER = "\x1f"
SNIFFED_ROWS = 50
# Of the rows sniffed, so many must have the same number of cells for a delimiter to be one.
AGREEING_ROWS = 0.8
# A workbook is a ZIP archive: small ones can hold what fills the memory.
MAX_UNPACKED_BYTES = 100_000_000
MAX_COLUMNS = 200
# More than any batch may have, see BATCH_MAX_ROWS; a cell costs some 60 bytes while it is read.
MAX_ROWS = 20_001
# A workbook may have a million rows with nothing in them: who looks at all takes half a minute.
MAX_SHEET_ROWS = 5 * MAX_ROWS
HEADER_CHARS = 40
QUESTION_HEADER = re.compile(r"question|query|prompt|\bask\b|frage|pregunta|domanda", re.IGNORECASE)
csv.field_size_limit(10_000_000)

Row = tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A table of cells, all rows of the same width. The first row may be a header."""

    name: str
    rows: tuple[Row, ...]

    @property
    def seems_to_have_header(self) -> bool:
        """True if the first row holds short names, each another one, and no question."""
        if len(self.rows) < 2:
            return False
        first = [cell for cell in self.rows[0] if cell]
        names = {cell.casefold() for cell in first}
        return (
            bool(first)
            and len(names) == len(first)
            and all(len(cell) <= HEADER_CHARS and not cell.endswith("?") for cell in first)
            and not any(cell.replace(".", "", 1).isdigit() for cell in first)
            and (len(first) > 1 or _names_questions(first[0]) or _are_longer(self, len(first[0])))
        )

    def header(self, *, has_header: bool) -> Row:
        """The names of the columns: of the first row, or else Column A, Column B …"""
        # Its import takes a quarter of a second, for which no page waits before it has a file.
        from openpyxl.utils import get_column_letter

        width = len(self.rows[0]) if self.rows else 0
        names = tuple(f"Column {get_column_letter(column)}" for column in range(1, width + 1))
        if not has_header or not self.rows:
            return names
        return tuple(cell or name for cell, name in zip(self.rows[0], names, strict=True))

    def body(self, *, has_header: bool) -> tuple[Row, ...]:
        return self.rows[1:] if has_header else self.rows

    def likely_column(self, *, has_header: bool) -> int:
        """The position of the column that seems to hold the questions."""
        body = self.body(has_header=has_header)[:SNIFFED_ROWS]
        header = self.header(has_header=has_header)

        def score(column: int) -> tuple[bool, int, float]:
            cells = [row[column] for row in body if row[column]]
            asking = sum(cell.endswith("?") for cell in cells)
            length = sum(map(len, cells)) / len(cells) if cells else 0.0
            return has_header and _names_questions(header[column]), asking, length

        return max(range(len(header)), key=score, default=0)


def read_sheets(name: str, data: bytes) -> tuple[Sheet, ...]:
    """The sheets of a file that hold something; raises InvalidBatchError."""
    extension = PurePath(name).suffix.lower()
    if not data.strip():
        raise InvalidBatchError("This file is empty.")
    if data.startswith(ZIP_SIGNATURE):
        sheets = _read_workbook(data)
    elif extension == ".xlsx" or data.startswith(OLE_SIGNATURE):
        raise InvalidBatchError(
            "This is no workbook of the kind XLSX that opens. Save it as XLSX, without a "
            "password, or as CSV."
        )
    else:
        try:
            text = decode_text(data)
        except UnreadableFileError:
            raise InvalidBatchError(
                "This file is neither CSV nor XLSX. Save the table as one of them."
            ) from None
        rows = _read_lines(text) if extension == ".txt" else _read_csv(text)
        sheets = [Sheet(PurePath(name).stem, _squared(rows))]
    found = tuple(sheet for sheet in sheets if sheet.rows)
    if not found:
        raise InvalidBatchError("This file has no rows.")
    return found


def likely_sheet(sheets: Sequence[Sheet]) -> int:
    """The position of the sheet that seems to hold the questions: the longest."""
    return max(range(len(sheets)), key=lambda index: len(sheets[index].rows))


def pasted_sheet(text: str) -> Sheet:
    """The lines of a text, one question each; or, of cells copied from a spreadsheet, a table."""
    rows = csv.reader(io.StringIO(text), delimiter="\t") if "\t" in text else _read_lines(text)
    return Sheet("pasted", _squared(rows))


def lines_of(name: str, sheet: Sheet, column: int, *, has_header: bool) -> Lines:
    """What a sheet asks, if this column holds the questions: each once, blank cells nothing."""
    body = sheet.body(has_header=has_header)
    positions: dict[str, int] = {}
    asks: list[int | None] = []
    for row in body:
        question = row[column].strip()
        key = " ".join(question.split()).casefold()
        asks.append(positions.setdefault(key, len(positions)) if key else None)
    firsts: dict[int, str] = {}
    for row, position in zip(body, asks, strict=True):
        if position is not None:
            firsts.setdefault(position, row[column].strip())
    header = sheet.header(has_header=has_header)
    return Lines(name, header, body, column, tuple(firsts.values()), tuple(asks))


def _read_lines(text: str) -> Iterable[Sequence[str]]:
    return ([line] for line in text.splitlines())


def _read_csv(text: str) -> Iterable[Sequence[str]]:
    # Excel may say which one it used, on a line of its own.
    declared = re.match(r"sep=(.)\r?\n", text)
    if declared:
        text = text[declared.end() :]
    return _parsed(text, declared.group(1) if declared else _delimiter(text))


def _parsed(text: str, delimiter: str) -> Iterable[Sequence[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise InvalidBatchError(
            "This file is no CSV that can be read: a quotation mark seems to be missing. "
            "Open it in a spreadsheet, and save it as XLSX."
        ) from error


def _delimiter(text: str) -> str:
    """The character that splits nearly all rows into the same number of cells, at least two."""
    best, best_score = NO_DELIMITER, (0.0, 0)
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in islice(_parsed(text, delimiter), SNIFFED_ROWS) if row)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        score = (count / widths.total(), width)
        if width > 1 and score[0] >= AGREEING_ROWS and score > best_score:
            best, best_score = delimiter, score
    return best


def _read_workbook(data: bytes) -> list[Sheet]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise InvalidBatchError("This workbook is too large. Save the one column as CSV.")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            return [Sheet(sheet.title, _squared(_rows_of(sheet))) for sheet in book.worksheets]
        finally:
            book.close()
    except InvalidBatchError:
        raise
    except Exception as error:  # whatever a broken workbook makes the library raise
        raise InvalidBatchError(
            "This workbook cannot be read. Open it in a spreadsheet and save it as XLSX, without "
            "a password, or as CSV."
        ) from error


def _rows_of(sheet: Any) -> Iterator[Sequence[str]]:
    columns = min(sheet.max_column or MAX_COLUMNS, MAX_COLUMNS)
    for row in sheet.iter_rows(max_row=MAX_SHEET_ROWS, max_col=columns, values_only=True):
        yield _texts(row)


def _texts(row: Sequence[object]) -> list[str]:
    return (
        ["" if value is None else _text(value) for value in row]
        if any(value is not None for value in row)
        else []
    )


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _squared(rows: Iterable[Sequence[str]]) -> tuple[Row, ...]:
    """Rows of the same width, without blank rows and columns at the end."""
    kept: list[list[str]] = []
    blank = 0  # rows; a workbook may have a million of them at its end
    for row in rows:
        cells = [cell.strip() for cell in row[:MAX_COLUMNS]]
        if not any(cells):
            blank += 1
            continue
        kept += [[] for _ in range(min(blank, MAX_ROWS))]
        kept.append(cells)
        blank = 0
        if len(kept) > MAX_ROWS:
            raise InvalidBatchError(f"This table has more than {MAX_ROWS - 1:,} rows. Split it.")
    while kept and not any(kept[-1]):
        kept.pop()
    width = max((index + 1 for row in kept for index, cell in enumerate(row) if cell), default=0)
    return tuple(tuple([*row, *[""] * width][:width]) for row in kept)


def _names_questions(name: str) -> bool:
    return bool(QUESTION_HEADER.search(name))


def _are_longer(sheet: Sheet, length: int) -> bool:
    """True if the rows of a single column are much longer than its first."""
    cells = [row[0] for row in sheet.rows[1:SNIFFED_ROWS] if row and row[0]]
    return bool(cells) and min(map(len, cells)) > 2 * length
