"""CSV and TSV: separators, quotation marks, headings, comments."""

from __future__ import annotations

import pytest

from jobs.extraction.blocks import Block, Note
from jobs.extraction.readers.csv_rows import csv_rows, find_delimiter
from jobs.extraction.readers.csv_table import read


def texts(data: str | bytes) -> list[str]:
    items = read(data.encode() if isinstance(data, str) else data)
    return [item.text for item in items if isinstance(item, Block)]


def notes(data: str) -> list[str]:
    return [item.text for item in read(data.encode()) if isinstance(item, Note)]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("Port,Depth\nVigo,18\n", ","),
        ("Port;Depth\nVigo;18,5\n", ";"),
        ("1,5;2,5\n3,5;4,5\n", ";"),
        ("Port\tNote\nVigo\ta, b; c\n", "\t"),
        ("id|name|qty\n1|Rope|2\n", "|"),
        ("Name,Tags,Age\nAnn,a; b,30\nBob,c; d,40\n", ","),
        ("Ports of Spain, 2026\n\nPort;Depth;Note\nVigo;18,5;a\nAvilés;21,5;b\n", ";"),
        ("Lock the pump room, always.\nOnly Greta, of all, holds the key.\n", ""),
        ("Ports\nVigo\nKiel\n", ""),
        ("", ""),
    ],
)
def test_delimiter(text: str, delimiter: str) -> None:
    """It splits most rows alike; a comma may be that of decimals, or of prose."""
    assert find_delimiter(text) == delimiter


def test_decimal_commas_stay_in_their_cells() -> None:
    """The CSV of German Excel is read with its headings."""
    assert texts("Hafen;Gebühr;Datum\nEmden;1.234,50;15.03.2026\nKiel;987,00;01.04.2026\n") == [
        "Hafen: Emden; Gebühr: 1.234,50; Datum: 15.03.2026",
        "Hafen: Kiel; Gebühr: 987,00; Datum: 01.04.2026",
    ]


def test_first_row_that_is_data_is_no_heading() -> None:
    """No city is the name of a column."""
    assert (
        texts("Rotterdam,24.0,Netherlands\nHamburg,16.7,Germany\n")[1] == "Hamburg; 16.7; Germany"
    )


def test_declared_separator_is_no_row() -> None:
    """Excel's first line "sep=;" says how to read the others."""
    assert texts("sep=;\r\nPort;Depth\r\nVigo;18\r\n") == ["Port: Vigo; Depth: 18"]


def test_titles_comments_and_notes_are_lines() -> None:
    """What has commas, but no cells, is not split."""
    text = (
        "# exported 2026-01-01, by X\nPort,Depth,Note\nVigo,18,a\nKiel,9,b\n\nSource: port, 2026\n"
    )
    blocks = [item for item in read(text.encode()) if isinstance(item, Block)]
    assert blocks[0].caption == "exported 2026-01-01, by X"
    assert blocks[0].cells == "A3:C3"
    assert blocks[-1].text == "Source: port, 2026"


def test_rows_may_be_shorter_or_longer_than_others() -> None:
    """Cells that lack are left out, and one too many has no name."""
    assert texts("Port,Depth,Note\nVigo,18\nKiel,9,deep,x\n,,\n") == [
        "Port: Vigo; Depth: 18",
        "Port: Kiel; Depth: 9; Note: deep; x",
    ]


def test_quoted_cells_may_have_separators_and_lines() -> None:
    """Quotation marks keep what they enclose together."""
    assert texts('id,name,qty\n1,"Rope,\nlong",2\n2,"a ""b"" c",3\n') == [
        "id: 1; name: Rope, long; qty: 2",
        'id: 2; name: a "b" c; qty: 3',
    ]


@pytest.mark.parametrize(
    "text",
    [
        'id,name,qty\n1,"Rope,2\n2,Chain,4\n3,Anchor,5\n',
        'id,name,qty\n1,"Rope,2\n2,"Chain",4\n3,Anchor,5\n',
        'id,name,qty\n1,"Rope,2\n' + "2,Chain,4\n" * 200 + "3,Anchor,5\n",
    ],
)
def test_a_missing_quotation_mark_swallows_no_rows(text: str) -> None:
    """A mark that is never closed is taken as a character, and a note says in which line."""
    rows = texts(text)
    assert rows[0] == "id: 1; name: Rope; qty: 2"
    assert rows[1] == "id: 2; name: Chain; qty: 4"
    assert rows[-1] == "id: 3; name: Anchor; qty: 5"
    assert notes(text) == ["A quotation mark seems to be missing in line 2."]


def test_rows_know_their_line() -> None:
    """Lines are counted from 1, those within cells too."""
    rows = list(csv_rows('a,b\n"x\ny",1\nz,2\n'))
    assert [(row.line, row.cells[0]) for row in rows] == [(1, "a"), (2, "x\ny"), (4, "z")]


def test_inches_are_no_quotation_marks() -> None:
    """A mark within a cell is a character."""
    assert texts('id,name,qty\n1,5" pipe,2\n2,Saw,3\n')[0] == 'id: 1; name: 5" pipe; qty: 2'
    assert notes('id,name,qty\n1,5" pipe,2\n2,Saw,3\n') == []


def test_any_line_ends() -> None:
    """Lines end as on Windows, Linux, or an old Mac."""
    for end in ("\n", "\r\n", "\r"):
        assert texts(end.join(["a,b,c", "1,2,3"])) == ["a: 1; b: 2; c: 3"]


def test_any_encoding() -> None:
    """What Excel saves in other countries is read in its own letters."""
    table = "Miasto;Opłata;Właściciel\nŁódź;120 zł;Żaneta Wójcik\nGdańsk;140 zł;Łukasz Dąbrowski\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1250", "utf-16", "utf-16-le"):
        assert texts(table.encode(encoding))[0] == (
            "Miasto: Łódź; Opłata: 120 zł; Właściciel: Żaneta Wójcik"
        )
    chinese = "仓库,面积,负责人\n上海仓库,三千平方米,王伟\n成都仓库,一千二百平方米,李娜\n"
    assert texts(chinese.encode("gbk"))[1] == "仓库: 成都仓库; 面积: 一千二百平方米; 负责人: 李娜"
