"""A batch as a file: the lines that were uploaded, each with its answer, as CSV or XLSX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from jobs.batches.models import LineResult, RowState
from jobs.citation_format import page_label
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
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*%?")
# The most that a cell of XLSX holds.
MAX_CELL_CHARS = 32_767
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
TEXT_WIDTH, SHORT_WIDTH = 60, 16


def to_csv(header: Sequence[str], results: Iterable[LineResult]) -> bytes:
    """Return the table as CSV, in UTF-8 with the byte order mark that Excel needs."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(_table(header, results))
    return text.getvalue().encode("utf-8-sig")


def to_xlsx(header: Sequence[str], results: Iterable[LineResult]) -> bytes:
    """Return a workbook with one sheet, its header frozen. Cells beyond Excel's limit are cut."""
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
        sheet.append([CONTROL.sub("", cell)[:MAX_CELL_CHARS] for cell in row])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _table(header: Sequence[str], results: Iterable[LineResult]) -> Iterator[list[str]]:
    yield [_safe(cell) for cell in (*header, *RESULT_HEADER)]
    for result in results:
        yield [_safe(cell) for cell in (*result.cells, *_outcome(result))]


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
    pages = page_label(citation.page, citation.last_page)
    source = f"[{citation.number}] {citation.document_name}"
    return f"{source}, {pages}" if pages else source


def _safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay as they are."""
    if cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
