"""Files of questions: what is read of them, what is guessed, and what is said of bad ones."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook

from jobs.batches.models import Lines
from jobs.batches.spreadsheet import (
    MAX_ROWS,
    MAX_UNPACKED_BYTES,
    likely_sheet,
    lines_of,
    pasted_sheet,
    read_sheets,
)
from jobs.errors import InvalidBatchError


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def guessed(name: str, data: bytes) -> Lines:
    """The lines of the first sheet, all guesses accepted."""
    sheet = read_sheets(name, data)[0]
    headed = sheet.seems_to_have_header
    return lines_of(name, sheet, sheet.likely_column(has_header=headed), has_header=headed)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_of_any_dialect_is_read(delimiter: str, encoding: str) -> None:
    """Commas, semicolons, tabs and bars; UTF-8 with a mark or not, UTF-16, and Windows-1252."""
    rows = [["Id", "Frage"], ["1", '"Wie hoch, höchstens?"'], ["2", "Für wen?"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    lines = guessed("fragen.csv", text.encode(encoding))
    assert lines.header == ("Id", "Frage")
    assert lines.questions == ("Wie hoch, höchstens?", "Für wen?")


def test_declared_delimiter_counts() -> None:
    """The line by which Excel says what separates the cells is obeyed, and no row."""
    lines = guessed("a.csv", b"sep=:\nTeam:Question\nOps:Who signs?\n")
    assert (lines.header, lines.questions) == (("Team", "Question"), ("Who signs?",))


def test_one_column_of_sentences_stays_whole() -> None:
    """Commas within questions do not split them."""
    data = b"What is the limit, per night?\nWho signs?\nHow, when and where is it paid?\n"
    lines = guessed("a.csv", data)
    assert lines.header == ("Column A",)
    assert lines.questions[2] == "How, when and where is it paid?"


def test_text_file_has_one_question_a_line() -> None:
    """Whatever is in it."""
    lines = guessed("a.txt", b"Who; when; where?\nWhat; why; how?\n")
    assert lines.questions == ("Who; when; where?", "What; why; how?")


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (["Question", "Team"], True),
        (["Question"], True),
        (["Prompts"], True),
        (["Text"], True),
        (["What is the limit?"], False),
        (["1", "What is the limit"], False),
        (["A", "A"], False),
        (["What is the most that a hotel may cost in a night"], False),
    ],
)
def test_header_is_guessed(first: list[str], expected: bool) -> None:
    """Short names that differ are one; questions, numbers and sentences are none."""
    row = ["Who signs the lease of the depot in Hamburg?", "Ops"][: len(first)]
    text = "\n".join("\t".join(cells) for cells in (first, row))
    assert pasted_sheet(text).seems_to_have_header is expected


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        (["id\tnotes\tquestion", "1\tWhy this? And that?\tLimit"], 2),
        (["id\ttext\tteam", "1\tWho signs?\tLegal affairs and compliance"], 1),
        (["id\ttext\tteam", "1\tthe limit for hotels\tOps"], 1),
    ],
)
def test_column_is_guessed(rows: list[str], column: int) -> None:
    """By its name, else by question marks, else by length."""
    assert pasted_sheet("\n".join(rows)).likely_column(has_header=True) == column


def test_blank_lines_and_duplicates_are_counted_and_keep_their_places() -> None:
    """Each line knows its question; spaces and case make no other one."""
    sheet = pasted_sheet("Who signs?\n\nWho pays?\nwho  SIGNS?\n \n")
    lines = lines_of("x", sheet, 0, has_header=False)
    assert lines.questions == ("Who signs?", "Who pays?")
    assert lines.asks == (0, None, 1, 0)
    assert (lines.empty, lines.duplicates) == (1, 1)


def test_workbook_gives_its_sheets_with_something_in_them() -> None:
    """Numbers and blanks become text, and the longest sheet is the likely one."""
    data = workbook(
        Notes=[["nothing"]], Empty=[], Questions=[["Id", "Question"], [1.0, "Who?"], [2, None]]
    )
    sheets = read_sheets("a.xlsx", data)
    assert [sheet.name for sheet in sheets] == ["Notes", "Questions"]
    assert sheets[1].rows == (("Id", "Question"), ("1", "Who?"), ("2", ""))
    assert likely_sheet(sheets) == 1


def test_too_many_rows_are_refused() -> None:
    """While they are read, so that no file fills the memory; blank ones at the end do not count."""
    text = "x\n" * (MAX_ROWS + 1)
    with pytest.raises(InvalidBatchError, match="more than 20,000 rows"):
        read_sheets("a.csv", text.encode())
    assert len(read_sheets("a.csv", (text[:-2] + "\n" * 30_000).encode())[0].rows) == MAX_ROWS


def test_zero_in_a_row_of_its_own_is_a_cell() -> None:
    """Only a row without any value is blank."""
    assert read_sheets("a.xlsx", workbook(A=[["n"], [0], [None], ["x"]]))[0].rows == (
        ("n",),
        ("0",),
        ("",),
        ("x",),
    )


def too_large() -> bytes:
    """A workbook that says of itself that it holds more than any should."""
    data = io.BytesIO()
    with (
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings.xml", "w") as part,
    ):
        for _ in range(MAX_UNPACKED_BYTES // 1_000_000 + 1):
            part.write(b" " * 1_000_000)
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b" \n \n", "is empty"),
        ("a.csv", b";;\n;;\n", "no rows"),
        ("a.csv", b"\x00\x01\x02" * 40, "neither CSV nor XLSX"),
        ("a.xlsx", b"Question\nWho?\n", "no workbook"),
        ("a.xlsx", b"PK\x03\x04 broken", "cannot be read"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0 an old one, or with a password", "no workbook"),
        ("a.xlsx", workbook(Empty=[]), "no rows"),
        ("a.csv", b'Question\n"Who?\n' + b"x" * 10_000_001, "quotation mark"),
    ],
)
def test_bad_file_is_refused_with_a_sentence(name: str, data: bytes, words: str) -> None:
    """It says what is wrong."""
    with pytest.raises(InvalidBatchError, match=words):
        read_sheets(name, data)


def test_workbook_that_unpacks_to_too_much_is_refused() -> None:
    """Before anything of it is unpacked."""
    with pytest.raises(InvalidBatchError, match="too large"):
        read_sheets("bomb.xlsx", too_large())
