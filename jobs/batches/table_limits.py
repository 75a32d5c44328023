"""How large a table of questions may be, and why one is refused.

It imports nothing but the standard library: the child process that reads a table starts with it.
"""

from __future__ import annotations

from enum import StrEnum

WORKBOOK_EXTENSIONS = (".xlsx", ".xlsm", ".ods")
# As on the page and in the API.
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_COLUMNS = 200
# More than any batch may have, see BATCH_MAX_ROWS.
MAX_ROWS = 20_001
MAX_SHEETS = 200
# In all sheets. A cell costs web some 60 bytes, and a character up to four, while the file is open.
MAX_CELLS = 500_000
MAX_CHARS = 10_000_000
# As many as six cells of Excel can hold.
MAX_ROW_CHARS = 200_000


class Refusal(StrEnum):
    """Why a table is refused; the value is the sentence for people."""

    EMPTY = "This file is empty."
    NO_ROWS = "This file has no rows."
    FILE_SIZE = "This file has more than 10 MB. Split it, or save the column with questions alone."
    NO_WORKBOOK = (
        "This is no workbook of the kind XLSX that opens. Save it as XLSX, without a password, or "
        "as CSV."
    )
    NO_TABLE = "This file is neither CSV nor XLSX. Save the table as one of them."
    OPEN_QUOTE = (
        "The quotation mark in line {row} is never closed. Correct it, or open the file in a "
        "spreadsheet and save it as XLSX."
    )
    BROKEN = (
        "This workbook cannot be read. Open it in a spreadsheet and save it as XLSX, without a "
        "password, or as CSV."
    )
    WORKBOOK_SIZE = "This workbook is too large. Save the one column as CSV."
    SHEETS = f"This workbook has more than {MAX_SHEETS} sheets. Save the one sheet as CSV."
    ROWS = f"This table has more than {MAX_ROWS - 1:,} rows. Split it."
    ROW_CHARS = (
        f"A row of this table has more than {MAX_ROW_CHARS:,} characters. "
        "Save the column with the questions alone."
    )
    CELLS = (
        f"This file has more than {MAX_CELLS:,} cells or {MAX_CHARS:,} characters. "
        "Save the columns that you need alone, or split it."
    )
    MEMORY = "Reading this file needs too much memory. Save the one column as CSV."
    TIME = "Reading this file takes too long. Save the one column as CSV."


class RefusedTableError(Exception):
    """A table that is not read. `row` counts from 1; 0 where the refusal names none."""

    def __init__(self, refusal: Refusal, row: int = 0) -> None:
        self.refusal = refusal
        self.row = row
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """Why, for people."""
        return self.refusal.format(row=f"{self.row:,}")

    @property
    def report(self) -> str:
        """Why, as a child process writes it."""
        return f"{self.refusal.name} {self.row}"

    @classmethod
    def of_report(cls, report: str) -> RefusedTableError | None:
        """Return the error that a report is of; None if it is none."""
        name, _, row = report.partition(" ")
        if name not in Refusal.__members__ or not (row.isdecimal() and len(row) < 8):
            return None
        return cls(Refusal[name], int(row))
