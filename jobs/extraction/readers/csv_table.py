"""CSV and TSV: text in any encoding, with any of the usual separators, with headings or without."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.extraction.blocks import Item, Note
from jobs.extraction.readers.csv_rows import csv_rows
from jobs.extraction.readers.tables import table_blocks
from jobs.extraction.text_encoding import decode_text


def read(data: bytes) -> Iterator[Item]:
    """Yield the rows of the table, and notes on what is doubtful about its text."""
    decoded = decode_text(data)
    if decoded.note:
        yield Note(decoded.note)
    broken: list[int] = []
    yield from table_blocks(_cells(decoded.text, broken), row_numbers=range(1, len(data) + 2))
    if broken:
        places = f"line {broken[0]:,}" if len(broken) == 1 else f"{len(broken):,} lines"
        yield Note(f"A quotation mark seems to be missing in {places}.")


def _cells(text: str, broken: list[int]) -> Iterator[list[str]]:
    """Yield the rows; those without the end of a quotation are noted in `broken` by their lines."""
    is_top = True
    for row in csv_rows(text):
        if row.lacks_quote:
            broken.append(row.line)
        cells = row.cells
        if is_top and cells and cells[0].startswith("#"):
            # A comment is one line, whatever commas it has.
            yield [", ".join(filter(None, cells)).lstrip("# ")]
            continue
        is_top = is_top and not cells
        yield cells
