"""The cells of one worksheet of a workbook (XLSX) as the grid of texts that they show."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree

from jobs.extraction.readers.cell_format import format_number, format_text
from jobs.extraction.readers.formula_values import formula_values
from jobs.extraction.readers.sheet_grid import MAX_COLUMN, MAX_ROW, Area, SheetGrid
from jobs.extraction.readers.shown_text import clean
from jobs.extraction.readers.workbook_styles import CellStyle
from jobs.extraction.readers.xml_archive import XmlArchive, drop

# Values that repeat are formatted once, as long as there are no more of them than this.
MAX_KNOWN = 200_000

_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_TAGS = tuple(
    f"{{*}}{name}" for name in ("row", "col", "mergeCell", "autoFilter", "sheetFormatPr", "pane")
)
_TRUE = ("1", "true", "on")


@dataclass(slots=True)
class _Formulas:
    """What is known of the formulas of a sheet, each by its row and column."""

    results: int = 0
    zeros: dict[tuple[int, int], str] = field(default_factory=dict)  # those with the result 0


@dataclass(frozen=True, slots=True)
class CellReader:
    """Turns cells into text as they show it: what all sheets of a workbook share."""

    strings: list[str]
    styles: list[CellStyle]
    is_1904: bool
    # The workbook says that its formulas are to be worked out when it is opened: nobody has yet.
    recalculates: bool
    _known: dict[tuple[str, str], str] = field(default_factory=dict)
    _columns: dict[str, int] = field(default_factory=dict)

    def read(self, archive: XmlArchive, part: str) -> SheetGrid:
        """Return what a worksheet shows; raises as `XmlArchive.elements`."""
        sheet, formulas = SheetGrid(), _Formulas()
        row, hides_rows = 0, False
        for _, element in archive.elements(part, _TAGS):
            name = element.tag.rpartition("}")[2]
            if name == "row":
                number = element.get("r", "")
                row = int(number) if number.isdecimal() and len(number) < 8 else row + 1
                if row <= MAX_ROW:
                    # "0" is "not hidden" even where rows are hidden by default.
                    if (element.get("hidden") or str(int(hides_rows))) in _TRUE:
                        sheet.hidden_rows.add(row)
                    self._add_row(sheet, formulas, row, element)
                drop(element)
            elif name == "sheetFormatPr":
                hides_rows = element.get("zeroHeight") in _TRUE
            else:
                _add_layout(sheet, name, element)
        # Some programs write 0 for what they did not work out.
        if self.recalculates and len(formulas.zeros) == formulas.results:
            for (at, column), formula in formulas.zeros.items():
                sheet.rows[at][column] = formula
                sheet.unsaved.add((at, column))
        return sheet

    def _add_row(
        self, sheet: SheetGrid, formulas: _Formulas, row: int, element: etree._Element
    ) -> None:
        """Add the cells of a row that show something."""
        cells: dict[int, str] = {}
        column, is_bold = 0, True
        for cell in element:
            if not cell.tag.endswith("}c"):
                continue
            reference = cell.get("r")
            column = self._column(reference) if reference else column + 1
            if not 0 < column <= MAX_COLUMN:
                continue
            style = self._style(cell.get("s"))
            text, formula = self._shown(cell, style)
            if formula is not None:
                if text is None:
                    text = formula
                    sheet.unsaved.add((row, column))
                else:
                    formulas.results += 1
                    if text and cell.findtext("{*}v") == "0":
                        formulas.zeros[row, column] = formula
            if text:
                cells[column] = text
                is_bold = is_bold and style.is_bold
        if cells:
            sheet.rows[row] = cells
            if is_bold:
                sheet.hinted_rows.add(row)

    def calculate(self, archive: XmlArchive, part: str, sheet: SheetGrid) -> None:
        """Work out formulas of a sheet that have no saved result, where they are simple enough."""
        numbers: dict[tuple[int, int], float | None] = {}
        codes: dict[tuple[int, int], str] = {}
        row = 0
        for _, element in archive.elements(part, _TAGS[:1]):
            number = element.get("r", "")
            row = int(number) if number.isdecimal() and len(number) < 8 else row + 1
            column = 0
            for cell in element:
                reference = cell.get("r")
                column = self._column(reference) if reference else column + 1
                if (row, column) in sheet.unsaved:
                    codes[row, column] = self._style(cell.get("s")).code
                elif len(cell):
                    numbers[row, column] = _number(cell)
            drop(element)
        formulas = {at: sheet.rows[at[0]][at[1]] for at in codes}
        for at, result in formula_values(formulas, numbers, _bounds).items():
            sheet.rows[at[0]][at[1]] = format_number(result, codes[at], is_1904=self.is_1904)
            sheet.calculated.add(at)

    def _shown(self, cell: etree._Element, style: CellStyle) -> tuple[str | None, str | None]:
        """Return what a cell shows, None for a formula without a result, and its formula."""
        value = formula = string = None
        for child in cell:
            tag = child.tag
            if tag.endswith("}v"):
                value = child.text or ""
            elif tag.endswith("}f"):
                formula = f"={child.text or '…'}"
            elif tag.endswith("}is"):
                string = child
        kind = cell.get("t", "n")
        if string is not None and kind == "inlineStr":
            return format_text(rich_text(string), style.code), formula
        if formula is not None and not value and not (kind == "str" and value is not None):
            return None, formula
        return self._text(value or "", kind, style), formula

    def _text(self, value: str, kind: str, style: CellStyle) -> str:
        if not value:
            return ""
        if kind == "s":
            index = int(value) if value.isdecimal() else -1
            text = self.strings[index] if 0 <= index < len(self.strings) else ""
            return format_text(text, style.code)
        if kind == "str":
            return format_text(unescape(value), style.code)
        if kind == "b":
            return "TRUE" if value in _TRUE else "FALSE"
        if kind == "e":
            return value
        key = (style.code, value)
        text = self._known.get(key, "\0")
        if text == "\0":
            if len(self._known) > MAX_KNOWN:
                self._known.clear()
            text = self._known[key] = self._number(value, kind, style.code)
        return text

    def _number(self, value: str, kind: str, code: str) -> str:
        if kind == "d":
            return iso_date(value)
        try:
            number = float(value)
        except ValueError:
            return value
        if not math.isfinite(number):
            return value
        return format_number(number, code, is_1904=self.is_1904)

    def _style(self, index: str | None) -> CellStyle:
        at = int(index) if index and index.isdecimal() and len(index) < 7 else 0
        return self.styles[at] if at < len(self.styles) else self.styles[0]

    def _column(self, reference: str) -> int:
        """Return the column of a cell such as "AB12"; 0 for what names none."""
        letters = reference.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = column_number(letters) if letters.isalpha() and letters.isascii() else 0
            if len(letters) <= 3:
                self._columns[letters] = column
        return column


def _number(cell: etree._Element) -> float | None:
    """Return the number of a cell, NaN for an error, None for a text."""
    kind = cell.get("t", "n")
    if kind != "n":
        return math.nan if kind == "e" else None
    try:
        return float(cell.findtext("{*}v") or "")
    except ValueError:
        return None


def _bounds(reference: str) -> tuple[int, int, int, int] | None:
    area = area_of(reference)
    return None if area is None else (area.top, area.left, area.bottom, area.right)


def iso_date(text: str) -> str:
    """Return a date of ISO 8601 without a time that is midnight; other texts as they are."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if "T" not in text or (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00")


def rich_text(element: etree._Element | None) -> str:
    """Return the text of a string with parts in several fonts, without what says how it is read."""
    if element is None:
        return ""
    if len(element) == 1 and element[0].tag.endswith("}t"):
        return unescape(element[0].text or "")
    parts = (part.text or "" for part in element.iterfind("{*}t"))
    runs = (part.text or "" for part in element.iterfind("{*}r/{*}t"))
    return unescape("".join([*parts, *runs]))


def unescape(text: str) -> str:
    """Return a text in which "_x000D_" is the character that it stands for."""
    if text.isascii() and text.isprintable() and "_x" not in text:
        return text.strip()
    if "_x" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return clean(text)


def area_of(reference: str) -> Area | None:
    """Return the cells of a reference such as "A2:C5"; None for what is none."""
    first, _, last = reference.partition(":")
    start, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
    if start is None or end is None:
        return None
    return Area(int(start[2]), column_number(start[1]), int(end[2]), column_number(end[1]))


def column_number(letters: str) -> int:
    """Return the number of a column, counted from 1: 27 for AA."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _add_layout(sheet: SheetGrid, name: str, element: etree._Element) -> None:
    """Take what is said about rows and columns as a whole."""
    if name == "mergeCell" and (area := area_of(element.get("ref", ""))):
        sheet.merged.append(area)
    elif name == "autoFilter" and (area := area_of(element.get("ref", ""))):
        sheet.known_rows.add(area.top)
    elif name == "col" and (element.get("hidden") in _TRUE or element.get("width") == "0"):
        first, last = element.get("min", ""), element.get("max", "")
        if first.isdecimal() and last.isdecimal():
            start, end = int(first), min(int(last), MAX_COLUMN) + 1
            sheet.hidden_columns[start:end] = b"\1" * max(0, end - start)
    elif name == "pane" and element.get("state", "") in ("frozen", "frozenSplit"):
        rows = element.get("ySplit", "0")
        if rows.isdecimal() and len(rows) < 3:
            sheet.hinted_rows.add(int(rows))
