"""Spreadsheets of OpenDocument (ODS): what cells show, what is hidden, merged, repeated."""

from __future__ import annotations

import io
import zipfile

import pytest

from jobs.extraction.blocks import Block, Note
from jobs.extraction.file_types import ODS, UnreadableFileError, detect
from jobs.extraction.readers.ods import read

NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office",
        "table": "table",
        "text": "text",
        "style": "style",
        "draw": "drawing",
        "chart": "chart",
        "fo": "xsl-fo-compatible",
    }.items()
)
HIDDEN = (
    '<style:style style:name="ta2" style:family="table">'
    '<style:table-properties table:display="false"/></style:style>'
)


def spreadsheet(body: str, **parts: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", ODS)
        archive.writestr(
            "content.xml",
            f'<office:document-content {NAMES} xmlns:xlink="http://www.w3.org/1999/xlink">'
            f"<office:automatic-styles>{HIDDEN}</office:automatic-styles><office:body>"
            f"<office:spreadsheet>{body}</office:spreadsheet></office:body>"
            "</office:document-content>",
        )
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return stream.getvalue()


def table(*rows: str, name: str = "Prices", before: str = "", **attributes: str) -> str:
    extra = "".join(f' table:{key}="{value}"' for key, value in attributes.items())
    return f'<table:table table:name="{name}"{extra}>{before}{"".join(rows)}</table:table>'


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(map(cell, cells))}</table:table-row>"


def cell(text: str) -> str:
    if text.startswith("<"):
        return text
    return (
        f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
    )


def value(kind: str, attributes: str, shown: str = "") -> str:
    paragraph = f"<text:p>{shown}</text:p>" if shown else ""
    return (
        f'<table:table-cell office:value-type="{kind}" {attributes}>{paragraph}</table:table-cell>'
    )


def texts(data: bytes) -> list[str]:
    return [item.text for item in read(data) if isinstance(item, Block)]


def notes(data: bytes) -> list[str]:
    return [item.text for item in read(data) if isinstance(item, Note)]


def test_values_are_what_cells_show() -> None:
    """The text of the file is taken, and dates as ISO 8601."""
    data = spreadsheet(
        table(
            row("Site", "Share", "Rent", "Start", "Shift", "Open"),
            row(
                "Genk",
                value("percentage", 'office:value="0.075"', "7,5 %"),
                value("currency", 'office:currency="EUR" office:value="1234.5"', "1.234,50 €"),
                value("date", 'office:date-value="2026-03-15"', "15.03.26"),
                value("time", 'office:time-value="PT06H30M00S"', "06:30"),
                value("boolean", 'office:boolean-value="true"', "WAHR"),
            ),
            row(
                "Aalst",
                value("percentage", 'office:value="0.9125"'),
                value("currency", 'office:currency="EUR" office:value="98765.4"'),
                value("date", 'office:date-value="2025-12-31T14:30:00"'),
                value("time", 'office:time-value="PT30H00M00S"'),
                value("boolean", 'office:boolean-value="false"'),
            ),
        )
    )
    assert detect(data) == ODS
    assert texts(data) == [
        "Site: Genk; Share: 7,5 %; Rent: 1.234,50 €; Start: 2026-03-15; Shift: 06:30; Open: WAHR",
        "Site: Aalst; Share: 91.25%; Rent: EUR 98765.4; Start: 2025-12-31 14:30; Shift: 30:00; "
        "Open: FALSE",
    ]


def test_hidden_sheets_rows_and_columns_are_left_out() -> None:
    """What does not show is not read, and a note counts it."""
    data = spreadsheet(
        table(
            row("Item", "Secret", "Amount"),
            row("Fuel", "x", "50"),
            row("Draft", "y", "99", attributes='table:visibility="filter"'),
            before='<table:table-column/><table:table-column table:visibility="collapse"/>',
        )
        + table(row("Director", "210000"), name="Pay", **{"style-name": "ta2"})
    )
    assert texts(data) == ["Item: Fuel; Amount: 50"]
    assert notes(data) == ["1 hidden sheet, 1 hidden row and 1 hidden column were left out."]


def test_merged_and_repeated_cells() -> None:
    """Rows of a merged cell carry its value; a cell may be there three times."""
    spanning = value("string", 'table:number-rows-spanned="2"', "Flanders")
    data = spreadsheet(
        table(
            row("Region", "Vehicle", "2024", "2025", "2026"),
            row(spanning, "Van", value("float", 'table:number-columns-repeated="3"', "8")),
            row("<table:covered-table-cell/>", "Truck", "5", "6", "7"),
        )
    )
    assert texts(data) == [
        "Region: Flanders; Vehicle: Van; 2024: 8; 2025: 8; 2026: 8",
        "Region: Flanders; Vehicle: Truck; 2024: 5; 2025: 6; 2026: 7",
    ]


def test_what_is_repeated_a_million_times_costs_little() -> None:
    """The empty rest of a sheet is skipped, and so is the same cell on end."""
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    same = value("string", 'table:number-columns-repeated="999999999"', "x")
    data = spreadsheet(
        table(
            row("Product", "Price"),
            row("Rope", "12"),
            row(empty, attributes='table:number-rows-repeated="1048000"'),
            row(same, attributes='table:number-rows-repeated="999999999999"'),
        )
    )
    assert texts(data)[0] == "Product: Rope; Price: 12"
    assert len(texts(data)) < 5000


def test_comments_text_boxes_and_charts_have_their_words_read() -> None:
    """What stands beside the cells is text, and no part of them."""
    noted = cell("Truck").replace(
        "<text:p>", "<office:annotation><text:p>to be sold</text:p></office:annotation><text:p>"
    )
    shapes = (
        "<table:shapes><draw:frame><draw:text-box><text:p>Without VAT.</text:p></draw:text-box>"
        "</draw:frame><draw:frame>"
        '<draw:object xlink:href="./Object 1"/></draw:frame></table:shapes>'
    )
    chart = f"<c {NAMES}><chart:title><text:p>Costs</text:p></chart:title></c>"
    data = spreadsheet(
        table(row("Vehicle", "Cost"), row(noted, "9"), before=shapes),
        **{"Object 1__content": chart},
    )
    assert texts(data) == [
        "Vehicle: Truck; Cost: 9",
        "Comment on A2: to be sold",
        "Without VAT.",
        "Chart: Costs",
    ]


def test_formulas_without_results_are_counted() -> None:
    """A formula that nobody worked out stands as it is written."""
    formula = '<table:table-cell table:formula="of:=SUM([.B1:.B2])*[Rates.A1]"/>'
    data = spreadsheet(table(row("Item", "A", "Sum"), row("x", "5", formula)))
    assert texts(data) == ["Item: x; A: 5; Sum: =SUM(B1:B2)*Rates.A1"]
    assert notes(data) == ["1 formula has no saved result."]


def test_filtered_areas_have_headings() -> None:
    """Whoever filters an area says that its first row is a heading."""
    filters = (
        "<table:database-ranges><table:database-range table:display-filter-buttons='true' "
        "table:target-range-address='Prices.A1:Prices.C3'/></table:database-ranges>"
    )
    rows = (row("Hamn", "Djup x", "Drift"), row("Vigo", "djupt", "bra"), row("Kiel", "y", "z"))
    assert texts(spreadsheet(table(*rows) + filters))[0] == "Hamn: Vigo; Djup x: djupt; Drift: bra"


def test_files_that_cannot_be_read_are_refused() -> None:
    """A password, damage, and another kind of archive end with a reason."""
    encrypted = spreadsheet("", **{"META-INF__manifest": "<m><encryption-data/></m>"})
    with pytest.raises(ValueError, match="encrypted"):
        texts(encrypted)
    with pytest.raises(UnreadableFileError):
        texts(spreadsheet(""))
    with pytest.raises(ValueError, match="damaged"):
        texts(spreadsheet("<table:table>"))
