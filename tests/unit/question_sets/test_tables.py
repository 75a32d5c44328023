"""Question sets as tables: columns by name, and back."""

from __future__ import annotations

import csv
import io
import json

import pytest

from jobs.batches.spreadsheet import Sheet
from jobs.errors import InvalidQuestionSetError
from jobs.question_sets.models import Expectation, Expected, SetQuestion
from jobs.question_sets.tables import csv_of, from_sheet, read_questions

EVIDENCE = Expectation.EVIDENCE


def sheet(*rows: tuple[str, ...]) -> Sheet:
    return Sheet("set", rows)


def test_columns_are_known_by_their_names_in_any_order() -> None:
    """Other columns do not matter, nor rows without a question."""
    table = sheet(
        ("Owner", "Pages", "Question", "Document", "Words", "None"),
        ("ann", "3, 5-7", "Hotel?", "a.pdf", "", ""),
        ("ann", "", "", "", "", ""),
        ("bob", "", "Dividend?", "", "EUR 0.28", "no"),
        ("bob", "", "Moon?", "", "", "yes"),
    )
    assert from_sheet(table) == [
        SetQuestion("1", "Hotel?", Expected(EVIDENCE, "a.pdf", (3, 5, 6, 7))),
        SetQuestion("2", "Dividend?", Expected(EVIDENCE, words="EUR 0.28")),
        SetQuestion("3", "Moon?", Expected(Expectation.REFUSAL)),
    ]


def test_a_column_of_questions_alone_expects_nothing() -> None:
    """It can be run and compared all the same."""
    table = sheet(("What is the limit?",), ("Who signs?",))
    assert [each.expected.kind for each in from_sheet(table)] == [Expectation.UNKNOWN] * 2


@pytest.mark.parametrize("cell", ["x", "0", "7-3", "1-99", "3 4", "9999999"])
def test_pages_that_are_none_are_refused_with_their_row(cell: str) -> None:
    """The row is that of the file, its header counted."""
    table = sheet(("Question", "Document", "Pages"), ("Hotel?", "a", "3"), ("Car?", "b", cell))
    with pytest.raises(InvalidQuestionSetError, match="Row 3: write pages"):
        from_sheet(table)


def test_a_row_that_contradicts_itself_is_refused_with_its_row() -> None:
    """What the entries of JSON are checked for, rows are."""
    table = sheet(("Question", "Words", "None"), ("", "", ""), ("Hotel?", "EUR", "x"))
    with pytest.raises(InvalidQuestionSetError, match="Row 3 says both"):
        from_sheet(table)


def test_what_is_written_can_be_read_again() -> None:
    """A set can be downloaded, corrected in a spreadsheet, and uploaded."""
    questions = [
        SetQuestion("a", "Hotel?", Expected(EVIDENCE, "a.pdf", (3, 5))),
        SetQuestion("b", "Dividend?", Expected(EVIDENCE, "", (), "EUR 0.28")),
        SetQuestion("c", "Moon?", Expected(Expectation.REFUSAL)),
    ]
    text = b"".join(csv_of(questions)).decode("utf-8-sig")
    rows = tuple(tuple(row) for row in csv.reader(io.StringIO(text)))
    assert from_sheet(sheet(*rows)) == questions


def test_a_file_is_read_by_its_extension() -> None:
    """JSON lines are read here, a table in a child process."""
    entry = {"question": "Hotel?", "document": "a.pdf", "pages": [3]}
    expected = [SetQuestion("1", "Hotel?", Expected(EVIDENCE, "a.pdf", (3,)))]
    assert read_questions("set.jsonl", json.dumps(entry).encode()) == expected
    assert read_questions("set.csv", b"Question,Document,Pages\nHotel?,a.pdf,3\n") == expected


@pytest.mark.parametrize(
    ("data", "problem"), [(b"\xff\xfe", "UTF-8"), (b" " * (10 * 2**20 + 1), "10 MB")]
)
def test_json_that_cannot_be_read_is_refused(data: bytes, problem: str) -> None:
    """The sentence says why."""
    with pytest.raises(InvalidQuestionSetError, match=problem):
        read_questions("set.json", data)
