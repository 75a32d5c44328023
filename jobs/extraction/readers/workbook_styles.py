"""How a workbook (XLSX) shows the values of its cells: their number formats, and whether bold."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from jobs.extraction.readers.format_codes import BUILT_IN_CODES

_TRUE = ("1", "true", "on")


@dataclass(frozen=True, slots=True)
class CellStyle:
    """The format code of a cell, and whether its text is bold."""

    code: str = "General"
    is_bold: bool = False


def cell_styles(root: etree._Element | None) -> list[CellStyle]:
    """Return the styles to which cells refer by position; there is always one."""
    if root is None:
        return [CellStyle()]
    codes = {
        element.get("numFmtId", ""): element.get("formatCode", "General")
        for element in root.iterfind("{*}numFmts/{*}numFmt")
    }
    bold = [_is_bold(font) for font in root.iterfind("{*}fonts/{*}font")]
    styles = []
    for element in root.iterfind("{*}cellXfs/{*}xf"):
        number = element.get("numFmtId", "0")
        code = codes.get(number) or BUILT_IN_CODES.get(_int(number), "General")
        font = _int(element.get("fontId", "0"))
        styles.append(CellStyle(code, 0 <= font < len(bold) and bold[font]))
    return styles or [CellStyle()]


def _is_bold(font: etree._Element) -> bool:
    element = font.find("{*}b")
    return element is not None and element.get("val", "1") in _TRUE


def _int(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else -1
