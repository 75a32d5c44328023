"""Workbooks (XLSX): values as cells show them, what is hidden, merged, commented, or not saved."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from lxml import etree
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from jobs.extraction.blocks import Block, Note
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.workbook import read

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_with(*rows: tuple[Any, ...]) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    return book, sheet


def blocks(data: bytes) -> list[Block]:
    return [item for item in read(data) if isinstance(item, Block)]


def texts(data: bytes) -> list[str]:
    return [block.text for block in blocks(data)]


def notes(data: bytes) -> list[str]:
    return [item.text for item in read(data) if isinstance(item, Note)]


def edited(data: bytes, part: str, edit: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook in which one part, or each if it is "", is another."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, edit(content) if part in name else content)
    return stream.getvalue()


PRICES = (("Product", "Price"), ("Rope", 12), ("Anchor", 240))


def test_values_are_what_cells_show() -> None:
    """Formats, dates, times, durations, codes and sums of decimals are those on the screen."""
    book, sheet = sheet_with(
        ("Site", "Share", "Rent", "Start", "Shift", "Length", "Vacant", "Code", "Ratio"),
        (
            "Genk",
            0.075,
            1234.5,
            date(2026, 3, 15),
            time(6, 30),
            timedelta(hours=30),
            True,
            417,
            0.1 + 0.2,
        ),
    )
    formats = {"B": "0.0%", "C": '"€"#,##0.00', "D": "dd/mm/yyyy", "E": "hh:mm", "F": "[h]:mm"}
    for column, code in {**formats, "H": "00000"}.items():
        sheet[f"{column}2"].number_format = code
    assert texts(saved(book)) == [
        "Site: Genk; Share: 7.5%; Rent: €1,234.50; Start: 2026-03-15; Shift: 06:30; "
        "Length: 30:00; Vacant: TRUE; Code: 00417; Ratio: 0.3"
    ]


def test_days_of_old_macs() -> None:
    """Days are counted from 1904 in a workbook that says so."""
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(("Event", "Date"))
    sheet.append(("Start", date(2026, 3, 15)))
    assert texts(saved(book)) == ["Event: Start; Date: 2026-03-15"]


def test_hidden_sheets_rows_and_columns_are_left_out() -> None:
    """What does not show is not read, and a note counts it; a filter hides rows."""
    book, sheet = sheet_with(("Item", "Secret", "Amount"), ("Fuel", "x", 50), ("Draft", "y", 99))
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    for state in ("hidden", "veryHidden"):
        other = book.create_sheet(state)
        other.sheet_state = state
        other.append(("Director", 210000))
    data = saved(book)
    assert texts(data) == ["Item: Fuel; Amount: 50"]
    assert blocks(data)[0].cells == "A2:C2"
    assert notes(data) == ["2 hidden sheets, 1 hidden row and 1 hidden column were left out."]


def test_nothing_hidden_has_no_note() -> None:
    """A workbook that is read whole says nothing."""
    assert notes(saved(sheet_with(*PRICES)[0])) == []


def test_a_title_whose_own_cell_is_hidden_shows() -> None:
    """A merged cell shows in what is visible of it."""
    book, sheet = sheet_with(("Staff", None, None), ("Id", "Name", "City"), (1, "Ann", "Ghent"))
    sheet.merge_cells("A1:C1")
    sheet.column_dimensions["A"].hidden = True
    found = blocks(saved(book))
    assert (found[0].caption, found[0].text) == ("Staff", "Name: Ann; City: Ghent")


def test_merged_cells_count_for_all_rows_and_headings() -> None:
    """Regions that span rows, and years that span columns, stand beside each value."""
    book, sheet = sheet_with(
        ("Region", "2025", None, "2026", None),
        (None, "Vans", "Trucks", "Vans", "Trucks"),
        ("Flanders", 1, 2, 3, 4),
        (None, 5, 6, 7, 8),
    )
    for area in ("A1:A2", "B1:C1", "D1:E1", "A3:A4"):
        sheet.merge_cells(area)
    assert texts(saved(book))[1] == (
        "Region: Flanders; 2025 Vans: 5; 2025 Trucks: 6; 2026 Vans: 7; 2026 Trucks: 8"
    )


def test_formulas_without_saved_results_are_counted() -> None:
    """What a program wrote and nobody worked out is said, not left out without a word."""
    book, _ = sheet_with(("Quarter", "Units", "Sales"), ("Q1", 120, "=TODAY()+B2"))
    assert texts(saved(book)) == ["Quarter: Q1; Units: 120; Sales: =TODAY()+B2"]
    assert notes(saved(book)) == ["1 formula has no saved result."]


def test_simple_formulas_without_saved_results_are_worked_out() -> None:
    """Arithmetic and sums are shown as a spreadsheet shows them when it opens the file."""
    book, sheet = sheet_with(
        ("Quarter", "Units", "Price", "Revenue"),
        ("Q1", 120, 15, "=B2*C2"),
        ("Q2", 150, 15, "=B3*C3"),
        ("Total", "=SUM(B2:B3)", None, "=SUM(D2:D3)"),
        ("Next", "=B4*1.1", None, "=NOW()"),
    )
    sheet["D4"].number_format = '#,##0.00 "EUR"'
    assert texts(saved(book))[1:] == [
        "Quarter: Q2; Units: 150; Price: 15; Revenue: 2250",
        "Quarter: Total; Units: 270; Revenue: 4,050.00 EUR",
        "Quarter: Next; Units: 297; Revenue: =NOW()",
    ]
    assert notes(saved(book)) == [
        "6 formulas have no saved result; 5 of them were calculated when the file was read."
    ]


def test_results_that_are_0_because_nobody_worked_them_out_are_none() -> None:
    """XlsxWriter writes 0, and that all is to be worked out when the file is opened."""
    book, _ = sheet_with(("Quarter", "Units", "Sales"), ("Q1", 120, "=TODAY()+B2"))
    zero = edited(saved(book), "sheet1.xml", lambda xml: xml.replace(b"<v></v>", b"<v>0</v>"))
    assert notes(zero) == ["1 formula has no saved result."]
    done = edited(zero, "xl/workbook.xml", lambda xml: xml.replace(b"fullCalcOnLoad", b"x"))
    assert texts(done) == ["Quarter: Q1; Units: 120; Sales: 0"]


def test_saved_results_are_read() -> None:
    """Numbers, texts and errors that formulas gave are values; an empty text is one too."""
    book, _ = sheet_with(("Item", "A", "B", "C", "D"), ("x", "=1", "=2", "=3", "=4"))

    def save_results(xml: bytes) -> bytes:
        for formula, kind, value in (
            (b"1", b"", b"<v>1800</v>"),
            (b"2", b' t="str"', b"<v>yes</v>"),
            (b"3", b' t="e"', b"<v>#DIV/0!</v>"),
            (b"4", b' t="str"', b"<v></v>"),
        ):
            cell = b'<c r="%c2"><f>%b</f><v></v></c>' % (ord("A") + int(formula), formula)
            assert cell in xml
            xml = xml.replace(
                cell, cell.replace(b'2">', b'2"' + kind + b">").replace(b"<v></v>", value)
            )
        return xml

    data = edited(saved(book), "sheet1.xml", save_results)
    assert texts(data) == ["Item: x; A: 1800; B: yes; C: #DIV/0!"]
    assert notes(data) == []


def test_sheets_are_named_where_there_are_several() -> None:
    """The name of the sheet stands above its rows, and in their places."""
    book, sheet = sheet_with(("Sales report", None), (), *PRICES)
    sheet.title = "North"
    for row in PRICES:
        book.create_sheet("South").append(row) if "South" not in book else book["South"].append(row)
    found = blocks(saved(book))
    assert [(block.sheet, block.cells, block.caption) for block in found] == [
        ("North", "A4:B4", "North. Sales report"),
        ("North", "A5:B5", "North. Sales report"),
        ("South", "A2:B2", "South"),
        ("South", "A3:B3", "South"),
    ]


@pytest.mark.parametrize("sign", ["table", "filter", "bold", "frozen"])
def test_what_excel_marks_as_headings_are_some(sign: str) -> None:
    """Tables, filters, bold text and frozen rows settle what words alone leave open."""
    book, sheet = sheet_with(
        ("Hamn", "Djup x", "Drift"), ("Vigo", "djupt", "bra"), ("Kiel", "y", "z")
    )
    if sign == "table":
        sheet.add_table(Table(displayName="Ports", ref="A1:C3"))
    elif sign == "filter":
        sheet.auto_filter.ref = "A1:C3"
    elif sign == "frozen":
        sheet.freeze_panes = "A2"
    else:
        for cell in sheet[1]:
            cell.font = Font(bold=True)
    assert texts(saved(book))[0] == "Hamn: Vigo; Djup x: djupt; Drift: bra"


def test_comments_text_boxes_and_charts_have_their_words_read() -> None:
    """What stands beside the cells is text; a comment on what is hidden is not."""
    book, sheet = sheet_with(*PRICES)
    sheet["B2"].comment = Comment("Estimate of March", "Jane")
    sheet["B3"].comment = Comment("Hidden", "Jane")
    sheet.row_dimensions[3].hidden = True
    chart = BarChart()
    chart.title = "Prices by product"
    chart.y_axis.title = "EUR"
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    sheet.add_chart(chart)
    assert texts(saved(book)) == [
        "Product: Rope; Price: 12",
        "Comment on B2: Estimate of March",
        "Chart: Prices by product; EUR",
    ]


def test_texts_in_several_fonts_and_with_breaks() -> None:
    """Parts of a cell are one text, signs of XML stay, and breaks are blanks."""
    book, _ = sheet_with(("Item", "Price"), ("A & <B>\nlong\ttext", 3))
    rich = edited(
        saved(book),
        "sharedStrings.xml",
        lambda xml: xml.replace(
            b"<t>Item</t>",
            b"<r><t>It</t></r><r><rPr><b/></rPr><t>em_x000D_</t></r><rPh><t>x</t></rPh>",
        ),
    )
    assert texts(rich) == ["Item: A & <B> long text; Price: 3"]


def test_strict_files_and_files_of_other_producers() -> None:
    """Other namespaces, prefixes, and cells without references are read."""
    data = saved(sheet_with(*PRICES)[0])
    strict = edited(
        data,
        "",
        lambda xml: xml.replace(MAIN.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main"),
    )
    bare = edited(data, "sheet1.xml", lambda xml: etree.tostring(_without_references(xml)))
    assert (
        texts(strict)
        == texts(bare)
        == texts(data)
        == [
            "Product: Rope; Price: 12",
            "Product: Anchor; Price: 240",
        ]
    )


def _without_references(xml: bytes) -> etree._Element:
    root = etree.fromstring(xml)
    for element in root.iter(f"{{{MAIN}}}c", f"{{{MAIN}}}row"):
        del element.attrib["r"]
    return root


def test_what_a_sheet_claims_to_be_costs_nothing() -> None:
    """A million rows, merged cells over all of them, and a cell far away are read at once."""
    book, sheet = sheet_with(*PRICES)
    sheet["XFD1048576"] = "far away"
    sheet.merge_cells("D1:D2")
    data = edited(
        saved(book),
        "sheet1.xml",
        lambda xml: xml.replace(
            b"</mergeCells>", b'<mergeCell ref="E1:XFD1048576"/>' * 1000 + b"</mergeCells>"
        ),
    )
    found = blocks(data)
    assert found[-1].text == "far away"
    assert found[-1].cells == "XFD1048576"


def test_entities_are_refused() -> None:
    """No sheet of a spreadsheet program declares any."""
    data = edited(
        saved(sheet_with(*PRICES)[0]),
        "sheet1.xml",
        lambda xml: b'<!DOCTYPE x [<!ENTITY a "A">]>' + xml.replace(b"<row ", b"&a;<row ", 1),
    )
    with pytest.raises(ValueError, match="entities"):
        texts(data)


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    """Binary workbooks and other archives are said to be what they are."""
    data = saved(sheet_with(*PRICES)[0])
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/workbook.bin", b"\x83\x01")
    binary = edited(
        stream.getvalue(), "_rels/.rels", lambda xml: xml.replace(b"workbook.xml", b"workbook.bin")
    )
    with pytest.raises(UnreadableFileError, match="XLSB"):
        texts(binary)
    with pytest.raises(ValueError, match="a damaged archive"):
        texts(b"PK\x03\x04 nothing")
