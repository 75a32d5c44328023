"""Spreadsheets of OpenDocument (ODS): what their cells show, without what is hidden.

The file holds the text of each cell as it is shown, so that no number format is needed. Dates alone
are written as ISO 8601, as in `workbook`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from jobs.extraction.blocks import Block, Item
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.cell_format import general
from jobs.extraction.readers.opendocument import (
    CHART,
    DRAW,
    OFFICE,
    STYLE,
    TABLE,
    TEXT,
    XLINK,
    raise_if_encrypted,
)
from jobs.extraction.readers.sheet_cells import area_of, iso_date
from jobs.extraction.readers.sheet_grid import (
    MAX_COLUMN,
    MAX_ROW,
    Area,
    LeftOut,
    SheetGrid,
    grid_blocks,
    left_out_notes,
)
from jobs.extraction.readers.tables import column_letters
from jobs.extraction.readers.xml_archive import XmlArchive, drop

CONTENT = "content.xml"
# A cell or a row that is there again and again, as often as this: nobody wrote it more often.
MAX_REPEATED = 1000

BOLD = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}font-weight"
_CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
_EVENTS = (
    *_CELLS,
    *(f"{TABLE}{name}" for name in ("table", "table-row", "table-column", "shapes")),
    f"{TABLE}database-range",
    f"{STYLE}style",
)
_HIDDEN = ("collapse", "filter")
_REFERENCE = re.compile(r"\[\.?([^\[\]]*)\]")


@dataclass(slots=True)
class _Sheet:
    """A sheet while it is read: its cells, and what stands beside them."""

    name: str
    is_hidden: bool
    grid: SheetGrid = field(default_factory=SheetGrid)
    comments: list[tuple[int, int, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)  # folders of charts
    row: int = 0
    column: int = 0
    columns: int = 0  # declared so far
    cells: dict[int, str] = field(default_factory=dict)  # of the row that is read
    is_bold: bool = True


@dataclass(slots=True)
class _Styles:
    hidden_tables: set[str] = field(default_factory=set)
    bold_cells: set[str] = field(default_factory=set)


def read(data: bytes) -> Iterator[Item]:
    """Yield the rows of all visible sheets in their order, then what is said about them."""
    archive = XmlArchive(data)
    raise_if_encrypted(archive)
    sheets = _sheets(archive)
    if not sheets:
        raise UnreadableFileError("an archive without a spreadsheet")
    visible = [sheet for sheet in sheets if not sheet.is_hidden]
    left_out = LeftOut(sheets=len(sheets) - len(visible))
    for sheet in visible:
        title = sheet.name if len(visible) > 1 else ""
        yield from grid_blocks(sheet.grid, sheet.name, title, left_out)
        for row, column, text in sheet.comments:
            if not sheet.grid.is_hidden(row, column):
                cell = f"{column_letters(column)}{row}"
                yield Block(f"Comment on {cell}: {text}", sheet=sheet.name, cells=cell)
        for words in (*sheet.words, *_chart_words(archive, sheet.objects)):
            yield Block(words, sheet=sheet.name)
    yield from left_out_notes(left_out)


def _sheets(archive: XmlArchive) -> list[_Sheet]:
    """Read all sheets: what their filters say of headings comes behind them."""
    sheets: list[_Sheet] = []
    styles = _Styles()
    depth = 0  # a table may stand in a cell
    is_sheet = False
    for event, element in archive.elements(CONTENT, _EVENTS, ("start", "end")):
        if element.tag == f"{TABLE}table":
            depth += 1 if event == "start" else -1
            if event == "start" and depth == 1:
                parent = element.getparent()
                is_sheet = parent is not None and parent.tag == f"{OFFICE}spreadsheet"
                if is_sheet:
                    is_hidden = element.get(f"{TABLE}style-name") in styles.hidden_tables
                    sheets.append(_Sheet(element.get(f"{TABLE}name", ""), is_hidden))
            elif event == "end" and depth == 0:
                element.clear()
        elif event == "end" and element.tag == f"{STYLE}style":
            _add_style(styles, element)
        elif event == "end" and element.tag == f"{TABLE}database-range":
            _add_range(sheets, element)
        elif is_sheet and depth == 1:
            _add_part(sheets[-1], event, element, styles)
    return sheets


def _add_style(styles: _Styles, element: etree._Element) -> None:
    name = element.get(f"{STYLE}name", "")
    table = element.find(f"{STYLE}table-properties")
    if table is not None and table.get(f"{TABLE}display") == "false":
        styles.hidden_tables.add(name)
    text = element.find(f"{STYLE}text-properties")
    if text is not None and text.get(BOLD) == "bold":
        styles.bold_cells.add(name)


def _add_range(sheets: list[_Sheet], element: etree._Element) -> None:
    """Mark the heading row of an area that can be filtered."""
    if element.get(f"{TABLE}display-filter-buttons") != "true":
        return
    start, _, end = element.get(f"{TABLE}target-range-address", "").rpartition(":")
    name, _, first = start.rpartition(".")
    area = area_of(f"{first}:{end.rpartition('.')[2]}".replace("$", ""))
    for sheet in sheets:
        if area is not None and sheet.name == name.strip("$'").replace("''", "'"):
            sheet.grid.known_rows.add(area.top)


def _add_part(sheet: _Sheet, event: str, element: etree._Element, styles: _Styles) -> None:
    """Take the next column, row or cell of a sheet."""
    if element.tag == f"{TABLE}table-row":
        if event == "start":
            sheet.row += 1
            sheet.column, sheet.cells, sheet.is_bold = 0, {}, True
        else:
            _end_row(sheet, element)
    elif event == "start":
        return
    elif element.tag in _CELLS:
        _add_cell(sheet, element, styles)
    elif element.tag == f"{TABLE}table-column":
        count = _count(element, "columns", MAX_COLUMN)
        if element.get(f"{TABLE}visibility") in _HIDDEN:
            first, last = sheet.columns + 1, min(sheet.columns + count, MAX_COLUMN)
            sheet.grid.hidden_columns[first : last + 1] = b"\1" * max(0, last + 1 - first)
        sheet.columns += count
    elif element.tag == f"{TABLE}shapes":
        _add_drawn(sheet, element)
        element.clear()


def _end_row(sheet: _Sheet, element: etree._Element) -> None:
    """Add the row that was read, as often as it is there."""
    count = _count(element, "rows", MAX_ROW)
    grid = sheet.grid
    if sheet.cells:
        for number in range(sheet.row, min(sheet.row + min(count, MAX_REPEATED), MAX_ROW + 1)):
            grid.rows[number] = dict(sheet.cells)
            if element.get(f"{TABLE}visibility") in _HIDDEN:
                grid.hidden_rows.add(number)
        parent = element.getparent()
        if sheet.is_bold or (parent is not None and parent.tag == f"{TABLE}table-header-rows"):
            grid.hinted_rows.add(sheet.row)
    sheet.row += count - 1
    drop(element)


def _add_cell(sheet: _Sheet, element: etree._Element, styles: _Styles) -> None:
    """Add a cell to the row, as often as it is there."""
    count = _count(element, "columns", MAX_COLUMN)
    first = sheet.column + 1
    sheet.column += count
    comments = element.findall(f"{OFFICE}annotation")
    for comment in comments:
        text = " ".join(_paragraphs(comment))
        if text:
            sheet.comments.append((sheet.row, first, text))
    if len(element) > len(comments):
        _add_drawn(sheet, element)
    if element.tag == _CELLS[0]:
        text, lacks_result = _text(element)
        if text:
            last = min(first + min(count, MAX_REPEATED), MAX_COLUMN + 1)
            sheet.cells.update(dict.fromkeys(range(first, last), text))
            is_bold = element.get(f"{TABLE}style-name") in styles.bold_cells
            sheet.is_bold = sheet.is_bold and is_bold
            if lacks_result:
                sheet.grid.unsaved.update((sheet.row, column) for column in range(first, last))
            _add_span(sheet, element, first)
    drop(element)


def _add_span(sheet: _Sheet, element: etree._Element, column: int) -> None:
    rows = _number(element.get(f"{TABLE}number-rows-spanned"), MAX_ROW)
    columns = _number(element.get(f"{TABLE}number-columns-spanned"), MAX_COLUMN)
    if rows > 1 or columns > 1:
        area = Area(sheet.row, column, sheet.row + rows - 1, column + columns - 1)
        sheet.grid.merged.append(area)


def _text(element: etree._Element) -> tuple[str, bool]:
    """Return the text of a cell, and whether it is a formula without a result."""
    kind = element.get(f"{OFFICE}value-type", "")
    shown = "\n".join(_paragraphs(element)).strip()
    if kind == "date" and (date := element.get(f"{OFFICE}date-value")):
        return iso_date(date), False
    if shown:
        return shown, False
    value = element.get(f"{OFFICE}value") or element.get(f"{OFFICE}string-value") or ""
    if kind in ("float", "percentage", "currency") and value:
        return _number_text(kind, value, element.get(f"{OFFICE}currency", "")), False
    if kind == "time":
        return _duration(element.get(f"{OFFICE}time-value", "")), False
    if kind == "boolean":
        return element.get(f"{OFFICE}boolean-value", "").upper(), False
    formula = element.get(f"{TABLE}formula", "")
    if formula and not kind:
        return "=" + _REFERENCE.sub(r"\1", formula.partition("=")[2]).replace(":.", ":"), True
    return value, False


def _number_text(kind: str, value: str, currency: str) -> str:
    """Return a number whose shown text is not in the file."""
    try:
        number = float(value)
    except ValueError:
        return value
    if number - number != 0:  # infinite, or no number
        return value
    if kind == "percentage":
        return f"{general(number * 100)}%"
    return f"{currency} {general(number)}".strip()


def _duration(text: str) -> str:
    """Return a duration of ISO 8601, PT06H30M00S, as hours and minutes."""
    match = re.fullmatch(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S", text)
    if match is None:
        return text
    hours, minutes, seconds = match.groups()
    return f"{hours}:{minutes}" + ("" if int(seconds) == 0 else f":{seconds}")


def _paragraphs(element: etree._Element) -> Iterator[str]:
    """Yield the paragraphs that stand in an element itself."""
    for paragraph in element.iterchildren(f"{TEXT}p", f"{TEXT}h"):
        yield _paragraph(paragraph)


def _paragraph(paragraph: etree._Element) -> str:
    parts = [paragraph.text or ""]
    for element in paragraph.iterdescendants():
        if element.tag == f"{TEXT}s":
            parts.append(" ")
        elif element.tag in (f"{TEXT}tab", f"{TEXT}line-break"):
            parts.append("\n" if element.tag == f"{TEXT}line-break" else " ")
        else:
            parts.append(element.text or "")
        parts.append(element.tail or "")
    return "".join(parts)


def _add_drawn(sheet: _Sheet, element: etree._Element) -> None:
    """Take the words of text boxes and shapes, and where charts are."""
    for shape in element:
        if not shape.tag.startswith(DRAW):
            continue
        for paragraph in shape.iter(f"{TEXT}p"):
            if text := _paragraph(paragraph).strip():
                sheet.words.append(text)
        for chart in shape.iter(f"{DRAW}object"):
            sheet.objects.append(chart.get(f"{XLINK}href", ""))


def _chart_words(archive: XmlArchive, folders: list[str]) -> Iterator[str]:
    """Yield the titles of charts and of their axes; their values stand in cells."""
    for folder in folders:
        root = archive.xml(f"{folder}/{CONTENT}")
        titles = [] if root is None else root.iter(f"{CHART}title", f"{CHART}subtitle")
        words = [" ".join(_paragraphs(title)).strip() for title in titles]
        if any(words):
            yield "Chart: " + "; ".join(filter(None, words))


def _count(element: etree._Element, what: str, most: int) -> int:
    return _number(element.get(f"{TABLE}number-{what}-repeated"), most)


def _number(text: str | None, most: int) -> int:
    return min(int(text), most) if text and text.isdecimal() and len(text) < 12 else 1


def visible_grids(data: bytes) -> Iterator[tuple[str, SheetGrid]]:
    """Yield name and cells of each visible sheet, without what stands beside its cells."""
    archive = XmlArchive(data)
    raise_if_encrypted(archive)
    for sheet in _sheets(archive):
        if not sheet.is_hidden:
            yield sheet.name, sheet.grid
