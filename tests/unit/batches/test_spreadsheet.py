"""Files of questions: what is read of them, what is guessed, and what is said of bad ones."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from jobs.batches.models import Lines
from jobs.batches.spreadsheet import (
    Sheet,
    likely_sheet,
    lines_of,
    pasted_sheet,
    read_sheets,
)
from jobs.batches.table_limits import MAX_ROWS
from jobs.errors import InvalidBatchError
from jobs.extraction.readers.xml_archive import MAX_PART_BYTES


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
    return lines_of(
        name,
        sheet,
        sheet.likely_column(sheet.likely_header_row),
        header_row=sheet.likely_header_row,
    )


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


def test_quoted_column_of_sentences_loses_its_quotation_marks() -> None:
    """They belong to the CSV, and doubled ones to the question."""
    data = b'Question\n"What is it, per night?"\n"Who is ""we""?"\nA 5" pipe?\n'
    lines = guessed("a.csv", data)
    assert lines.questions == ("What is it, per night?", 'Who is "we"?', 'A 5" pipe?')


@pytest.mark.parametrize(
    ("encoding", "question"),
    [
        ("gbk", "仓库的租金是多少？"),
        ("big5", "倉庫的租金是多少？"),
        ("shift_jis", "倉庫の賃料はいくらですか？"),
        ("euc_jp", "倉庫の賃料はいくらですか？"),
        ("euc_kr", "창고의 임대료는 얼마입니까?"),
        ("cp1250", "Jaká je výše nájemného za příští čtvrtletí ve skladu?"),
        ("cp1251", "Какова арендная плата за склад?"),
        ("koi8-r", "Какова арендная плата за склад?"),
        ("utf-16-le", "Wie hoch ist die Gebühr?"),
    ],
)
def test_questions_in_any_encoding_are_read(encoding: str, question: str) -> None:
    """Whatever spreadsheet of whatever land wrote the CSV."""
    rows = [f"{number},{question}" for number in range(1, 9)]
    lines = guessed("a.csv", "\n".join(["No,Question", *rows]).encode(encoding))
    assert lines.questions == (question,)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('Question,Owner\n"What is the fee?,Ann\nWho pays?,Bob\n', 2),
        ('No,Question\n1,"What, in all?"\n2,"Who pays?\n3,Where?\n', 3),
        ('Question\tOwner\nWho?\tAnn\nWhy?\t"Bob\nWhen?\tCid\n', 3),
    ],
)
def test_quotation_mark_that_is_never_closed_is_told_with_its_line(text: str, line: int) -> None:
    """Nothing is asked that runs on into the next rows."""
    with pytest.raises(InvalidBatchError, match=f"in line {line} is never closed"):
        read_sheets("a.csv", text.encode())


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
    assert (pasted_sheet(text).likely_header_row == 0) is expected


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
    assert pasted_sheet("\n".join(rows)).likely_column(0) == column


def test_blank_lines_and_duplicates_are_counted_and_keep_their_places() -> None:
    """Each line knows its question; spaces and case make no other one."""
    sheet = pasted_sheet("Who signs?\n\nWho pays?\nwho  SIGNS?\n \n")
    lines = lines_of("x", sheet, 0, header_row=None)
    assert lines.questions == ("Who signs?", "Who pays?")
    assert lines.asks == (0, None, 1, 0)
    assert (lines.empty, lines.duplicates) == (1, 1)


@pytest.mark.parametrize("other", ["Gebu\u0308hr?", "Gebühr ?", "GEBÜHR？", "Gebühr\u00a0?"])
def test_writing_of_a_question_makes_no_other_one(other: str) -> None:
    """Accents apart as macOS writes them, width, and a space before the mark as in French."""
    lines = lines_of("x", pasted_sheet(f"Gebühr?\n{other}"), 0, header_row=None)
    assert (lines.questions, lines.asks) == (("Gebühr?",), (0, 0))


def test_titles_above_the_table_are_no_rows() -> None:
    """Nor are empty rows below the names."""
    sheet = pasted_sheet("List\t\n\t\nId\tQuestion\n\t\n1\tWho signs?\n\t\n2\tWho pays?")
    lines = lines_of("x", sheet, 1, header_row=sheet.likely_header_row)
    assert lines.header == ("Id", "Question")
    assert lines.cells == (("1", "Who signs?"), ("", ""), ("2", "Who pays?"))


def test_workbook_gives_its_sheets_with_something_in_them() -> None:
    """Numbers and blanks become text, and the longest sheet is the likely one."""
    data = workbook(
        Notes=[["nothing"]], Empty=[], Questions=[["Id", "Question"], [1.0, "Who?"], [2, None]]
    )
    sheets = read_sheets("a.xlsx", data)
    assert [sheet.name for sheet in sheets] == ["Notes", "Questions"]
    assert sheets[1].rows == (("Id", "Question"), ("1", "Who?"), ("2", ""))
    assert likely_sheet(sheets) == 1


def test_hidden_sheets_are_not_offered() -> None:
    """They hold lists to choose from, and may be longer than the questions."""
    book = load_workbook(
        io.BytesIO(workbook(Lists=[["Question"], *[["Why?"]] * 9], Ask=[["Question"], ["Who?"]]))
    )
    book["Lists"].sheet_state = "veryHidden"
    data = io.BytesIO()
    book.save(data)
    assert [sheet.name for sheet in read_sheets("a.xlsx", data.getvalue())] == ["Ask"]


def test_questions_that_are_formulas_without_results_are_told_by_their_rows() -> None:
    """Another column of the file can still be asked, and saved results are questions."""
    formula = '="What is the fee in "&A2&"?"'
    sheet = read_sheets(
        "a.xlsx", workbook(A=[["City", "Question"], ["Ghent", formula], ["Paris", "Who?"]])
    )[0]
    assert (sheet.likely_header_row, sheet.likely_column(0)) == (0, 1)
    with pytest.raises(InvalidBatchError, match="in row 2 is a formula whose result was not"):
        lines_of("x", sheet, 1, header_row=0)
    assert lines_of("x", sheet, 0, header_row=0).questions == ("Ghent", "Paris")
    many = Sheet("A", (("Question",), *[("=A1",)] * 9), frozenset((row, 0) for row in range(1, 10)))
    with pytest.raises(InvalidBatchError, match="rows 2, 3, 4, 5, 6 and 4 more are formulas"):
        lines_of("x", many, 0, header_row=0)


def test_cells_are_read_as_they_show() -> None:
    """Numbers with their format, dates as ISO 8601; a merged cell counts once."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (["No", "Question", "Share", "Due"], [1, "Who?", 0.075, date(2030, 9, 30)], [2]):
        sheet.append(row)
    sheet["C2"].number_format = "0.0%"
    sheet.merge_cells("B2:B3")
    data = io.BytesIO()
    book.save(data)
    (table,) = read_sheets("a.xlsm", data.getvalue())
    assert table.rows[1:] == (("1", "Who?", "7.5%", "2030-09-30"), ("2", "", "", ""))


def test_spreadsheet_of_opendocument_is_read() -> None:
    """Its visible sheets."""
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
        '<office:spreadsheet><table:table table:name="Fragen">'
        + "".join(
            f'<table:table-row><table:table-cell office:value-type="string"><text:p>{text}</text:p>'
            "</table:table-cell></table:table-row>"
            for text in ("Frage", "Wer zahlt?")
        )
        + "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    (table,) = read_sheets("a.ods", data.getvalue())
    assert (table.name, table.rows) == ("Fragen", (("Frage",), ("Wer zahlt?",)))


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
        zipfile.ZipFile(io.BytesIO(workbook(A=[["Who?"]]))) as small,
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in small.namelist():
            if name != "xl/styles.xml":
                archive.writestr(name, small.read(name))
        with archive.open("xl/styles.xml", "w") as part:
            part.write(b" " * (MAX_PART_BYTES + 1))
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
