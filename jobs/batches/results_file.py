"""A batch as a file: the lines that were uploaded, each with its answer, as CSV or XLSX."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import IO

from jobs.batches.models import LineResult, RowState
from jobs.citation_format import how_read, place_of
from jobs.models import Citation, SupportLevel

RESULT_HEADER = ("State", "Answer", "Citations", "Support", "Error", "Model", "First answered")
NO_QUESTION = "no question"
SUPPORT = {
    SupportLevel.CITED: "cited",
    SupportLevel.UNSUPPORTED: "no citation",
    SupportLevel.NOT_FOUND: "not in the documents",
}
# What spreadsheets take for the beginning of a formula, see
# https://owasp.org/www-community/attacks/CSV_Injection
# What may stand before it all the same: white space, invisible characters, quotation marks.
_LEADING = "[\\s\"'`\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*+"
_SIGNS = "=+@＝＋＠﹦﹢﹫⁼₊﹣－−-"
_FORMULA = re.compile(rf"^(?:[\t\r\n]|{_LEADING}[{_SIGNS}])")
# After what other spreadsheets, or other settings of theirs, take for the end of a cell.
_INNER = re.compile(rf"[;\t|\r\n]{_LEADING}([{_SIGNS}]?)")
# The items of a list in an answer, which would otherwise look like formulas.
_BULLET = re.compile(r"^[-+] (?=\S)", re.MULTILINE)
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*%?")
# The most that a cell of XLSX holds.
MAX_CELL_CHARS = 32_767
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
TEXT_WIDTH, SHORT_WIDTH = 60, 16


def csv_rows(header: Sequence[str], results: Iterable[LineResult]) -> Iterator[bytes]:
    """Yield the table as CSV, row by row, in UTF-8 with the byte order mark that Excel needs.

    Every field is quoted. Where a spreadsheet expects another separator than the comma, it splits
    the fields there all the same: what would begin a cell then is no formula either.
    """
    yield csv_start()
    for row in _table(header, results):
        yield csv_line(row)


def csv_start() -> bytes:
    """Return what a CSV begins with."""
    return codecs.BOM_UTF8


def csv_line(cells: Sequence[str]) -> bytes:
    """Return one row of a CSV, of which no cell is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    safe = map(_safe, cells)
    writer.writerow([_INNER.sub(_quoted_sign, _BULLET.sub("• ", cell)) for cell in safe])
    return text.getvalue().encode(errors="replace")


def write_xlsx(header: Sequence[str], results: Iterable[LineResult], file: IO[bytes]) -> None:
    """Write a workbook with one sheet, its header frozen. Cells beyond Excel's limit are cut.

    Of a large one, little is in memory: rows wait in a temporary file.
    """
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Answers")
    sheet.freeze_panes = "A2"
    for column, name in enumerate((*header, *RESULT_HEADER), start=1):
        wide = name in ("Answer", "Citations") or column <= len(header)
        width = TEXT_WIDTH if wide else SHORT_WIDTH
        sheet.column_dimensions[get_column_letter(column)].width = width
    for row in _table(header, results):
        sheet.append([CONTROL.sub("", _safe(cell))[:MAX_CELL_CHARS] for cell in row])
    book.save(file)


def _table(header: Sequence[str], results: Iterable[LineResult]) -> Iterator[list[str]]:
    yield [*header, *RESULT_HEADER]
    for result in results:
        yield [*result.cells, *_outcome(result)]


def _outcome(result: LineResult) -> tuple[str, ...]:
    state = NO_QUESTION if result.state is None else result.state.value
    error = result.failure.message if result.failure else ""
    answer = result.answer
    if answer is None or result.state is not RowState.FINISHED:
        return (state, "", "", "", error, "", "")
    citations = "; ".join(source_line(citation) for citation in answer.citations)
    support, earlier = SUPPORT[answer.support], _when(answer.earlier_at)
    return (state, answer.text, citations, support, error, answer.model, earlier)


def _when(earlier_at: float | None) -> str:
    """When an earlier answer was given, in UTC to the minute; "" of a new one."""
    return "" if earlier_at is None else f"{datetime.fromtimestamp(earlier_at, UTC):%Y-%m-%d %H:%M}"


def source_line(citation: Citation) -> str:
    """Such as `[1] travel.pdf, page 4`."""
    source = f"[{citation.number}] {citation.document_name}"
    return ", ".join(filter(None, [source, place_of(citation), how_read(citation)]))


def _quoted_sign(match: re.Match[str]) -> str:
    sign: str = match[1]
    return f"{match[0].removesuffix(sign)}'{sign}" if sign else match[0]


def _safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay as they are."""
    if _FORMULA.match(cell) and not NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
