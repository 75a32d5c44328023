"""Question sets as files: tables with a question a row, or JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from jobs.batches.results_file import csv_line, csv_start
from jobs.batches.spreadsheet import SUPPORTED_EXTENSIONS as TABLES
from jobs.batches.spreadsheet import Sheet, likely_sheet, read_sheets
from jobs.batches.table_limits import MAX_FILE_BYTES, Refusal
from jobs.errors import InvalidQuestionSetError
from jobs.question_sets.models import Expectation, SetQuestion
from jobs.question_sets.parsing import from_entries, parse_json

JSON_EXTENSIONS = (".jsonl", ".json", ".ndjson")
SUPPORTED_EXTENSIONS = (*TABLES, *JSON_EXTENSIONS)
# The names of the columns, the first as they are written, and what else they may be called.
COLUMNS = {
    "question": ("question",),
    "document": ("document", "file"),
    "pages": ("pages", "page"),
    "words": ("words",),
    "none": ("none",),
    "id": ("id",),
}
NO = ("", "0", "no", "false")
MAX_RANGE = 50
_RANGE = re.compile(r"(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?")
_SEPARATORS = re.compile(r"[,;]")


def read_questions(name: str, data: bytes, user: str = "") -> list[SetQuestion]:
    """Return the questions of a user's file: a table that `read_sheets` reads, or JSON.

    Raises InvalidQuestionSetError, and what `read_sheets` raises.
    """
    if PurePath(name).suffix.lower() not in JSON_EXTENSIONS:
        sheets = read_sheets(name, data, user)
        return from_sheet(sheets[likely_sheet(sheets)])
    if len(data) > MAX_FILE_BYTES:
        raise InvalidQuestionSetError(Refusal.FILE_SIZE)
    try:
        return parse_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidQuestionSetError("This is no JSON in UTF-8.") from error


def from_sheet(sheet: Sheet) -> list[SetQuestion]:
    """Return the questions of a table; columns are known by their names, in any order.

    Rows without a question are left out. Raises InvalidQuestionSetError.
    """
    header_row = sheet.likely_header_row
    places = _places(sheet, header_row)
    entries: list[dict[str, Any]] = []
    numbers = []
    for number, row in enumerate(sheet.body(header_row), start=sheet.first_row(header_row) + 1):
        cells = {name: row[column].strip() for name, column in places.items()}
        if cells["question"]:
            entries.append(_entry(number, cells))
            numbers.append(number)
    return from_entries(entries, numbers, "Row")


def csv_of(questions: Sequence[SetQuestion]) -> Iterator[bytes]:
    """Yield the questions as CSV, such as `from_sheet` reads."""
    yield csv_start()
    yield csv_line(list(COLUMNS))
    for question in questions:
        expected = question.expected
        yield csv_line(
            [
                question.text,
                expected.document,
                ", ".join(map(str, expected.pages)),
                expected.words,
                "yes" if expected.kind is Expectation.REFUSAL else "",
                question.id,
            ]
        )


def _places(sheet: Sheet, header_row: int | None) -> dict[str, int]:
    """Return in which column each field stands."""
    places = {"question": sheet.likely_column(header_row)}
    if header_row is None:
        return places
    names = [name.strip().casefold() for name in sheet.rows[header_row]]
    for field, called in COLUMNS.items():
        found = [column for column, name in enumerate(names) if name in called]
        places |= dict.fromkeys([field] if found else [], found[0] if found else 0)
    return places


def _entry(number: int, cells: dict[str, str]) -> dict[str, Any]:
    return {
        **{name: cells.get(name) for name in ("id", "question", "document", "words")},
        "pages": _pages(number, cells.get("pages", "")),
        "none": cells.get("none", "").casefold() not in NO,
    }


def _pages(number: int, cell: str) -> list[int]:
    """Return the pages of a cell such as “3, 5-7”; raises InvalidQuestionSetError."""
    pages: list[int] = []
    for part in filter(None, map(str.strip, _SEPARATORS.split(cell))):
        match = _RANGE.fullmatch(part)
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if not 0 < first <= last < first + MAX_RANGE:
            raise InvalidQuestionSetError(f"Row {number}: write pages such as “3” or “3, 5-7”.")
        pages += range(first, last + 1)
    return pages
