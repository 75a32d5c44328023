"""A batch as a file: in the input's order, readable by spreadsheets, and harmless in them."""

from __future__ import annotations

import csv
import io
import weakref
from collections.abc import Iterable, Iterator, Sequence

import pytest
from openpyxl import load_workbook

from jobs.batches.models import LineResult, RowState
from jobs.batches.results_file import MAX_CELL_CHARS, RESULT_HEADER, csv_rows, write_xlsx
from jobs.models import Answer, Citation, Failure, SupportLevel

CITATIONS = (
    Citation(1, "d1", "travel.pdf", "p1", "words", 4, 4),
    Citation(2, "d2", "fleet.pdf", "p2", "words", 4, 5),
    Citation(3, "d3", "notes.md", "p3", "words"),
)
ANSWER = Answer(
    "EUR 160 [1].\nMore [2].", CITATIONS, SupportLevel.CITED, model="stub", earlier_at=1769860802.0
)
RESULTS = (
    LineResult(("1", "Who; signs?"), RowState.FINISHED, ANSWER),
    LineResult(("2", ""), None),
    LineResult(("3", "Ü?"), RowState.FAILED, failure=Failure("bad_api_key", "Set a valid key.")),
    LineResult(("4", "Later?"), RowState.PENDING),
)
EXPECTED = [
    ["Id", "Question", *RESULT_HEADER],
    [
        "1", "Who; signs?", "finished", "EUR 160 [1].\nMore [2].",
        "[1] travel.pdf, page 4; [2] fleet.pdf, pages 4–5; [3] notes.md", "cited", "", "stub",
        "2026-01-31 12:00",
    ],
    ["2", "", "no question", "", "", "", "", "", ""],
    ["3", "Ü?", "failed", "", "", "", "Set a valid key.", "", ""],
    ["4", "Later?", "pending", "", "", "", "", "", ""],
]  # fmt: skip


def from_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def from_xlsx(data: bytes) -> list[list[str]]:
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    return [[value or "" for value in row] for row in sheet.iter_rows(values_only=True)]


def to_csv(header: Sequence[str], results: Iterable[LineResult]) -> bytes:
    return b"".join(csv_rows(header, results))


def to_xlsx(header: Sequence[str], results: Iterable[LineResult]) -> bytes:
    file = io.BytesIO()
    write_xlsx(header, results, file)
    return file.getvalue()


def test_csv_has_every_line_with_its_outcome() -> None:
    """In order, with the uploaded cells first, and the mark by which Excel knows UTF-8."""
    data = to_csv(("Id", "Question"), RESULTS)
    assert data.startswith(b"\xef\xbb\xbf")
    assert from_csv(data) == EXPECTED


def test_xlsx_has_every_line_with_its_outcome() -> None:
    """The same as the CSV."""
    assert from_xlsx(to_xlsx(("Id", "Question"), RESULTS)) == EXPECTED


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_cell_is_a_formula(start: str) -> None:
    """Neither uploaded cells nor answers run in a spreadsheet; names of columns as little."""
    cell = f"{start}HYPERLINK(1)"
    result = LineResult((cell,), RowState.FINISHED, Answer(cell))
    assert [row[0] for row in from_csv(to_csv((cell,), [result]))] == [f"'{cell}"] * 2
    assert from_csv(to_csv((cell,), [result]))[1][2] == f"'{cell}"
    sheet = load_workbook(io.BytesIO(to_xlsx((cell,), [result]))).worksheets[0]
    assert "f" not in {each.data_type for row in sheet.iter_rows() for each in row}
    assert sheet["A2"].value.startswith("'")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "cell",
    [
        'a;=HYPERLINK("x")',
        "a;  =1+1;b",
        'a;"=1+1',
        "a\t@SUM(1)",
        "a|+1+1",
        "a\n=1+1",
        "a\n- item\n- another",
        "a\r＝1+1",
        "  =1+1",
        "'\"=1+1",
        "\u200b=1+1",
        "\ufeff－1+1",
    ],
)
def test_no_cell_is_a_formula_with_another_separator(cell: str, separator: str) -> None:
    """A spreadsheet that splits at semicolons, tabs or bars finds no formula either."""
    result = LineResult((cell,), RowState.FINISHED, Answer(cell))
    text = to_csv((cell,), [result]).decode("utf-8-sig")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    starts = {each.lstrip(' "\u200b\ufeff')[:1] for row in rows for each in row}
    assert not starts & set("=+-@＝－\t\r\n")


def test_every_field_is_quoted() -> None:
    """Also those that need it only with another separator."""
    text = to_csv(("Id",), [LineResult(("a;b",), None)]).decode("utf-8-sig")
    assert all(line.startswith('"') and line.endswith('"') for line in text.splitlines())
    assert '"a;b","no question","",' in text


def test_numbers_stay_numbers() -> None:
    """A minus sign alone makes no formula."""
    cells = ("-5", "+49.5", "-1.000,50", "-12%")
    assert from_csv(to_csv(cells, [LineResult(cells, None)]))[1][:4] == list(cells)


def test_xlsx_takes_what_excel_does_not() -> None:
    """Control characters are left out, and a cell longer than Excel's limit is cut."""
    cells = ("a\x00\x0bb", "x" * 40_000)
    row = from_xlsx(to_xlsx(("A", "B"), [LineResult(cells, None)]))[1]
    assert (row[0], len(row[1])) == ("ab", MAX_CELL_CHARS)


def test_large_batch_is_not_held_in_memory() -> None:
    """What has been sent is let go of: no more than a few answers are there at once."""
    alive = weakref.WeakSet[Answer]()
    most = 0

    def results() -> Iterator[LineResult]:
        nonlocal most
        for _ in range(50):
            answer = Answer("x" * 40_000)
            alive.add(answer)
            most = max(most, len(alive))
            yield LineResult(("Why?",), RowState.FINISHED, answer)
            del answer

    assert sum(len(row) for row in csv_rows(("Question",), results())) > 50 * 40_000
    assert most < 5
