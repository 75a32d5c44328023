"""Tables and lists of a Word document, as their properties describe them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from jobs.extraction.readers.ooxml import MC, W, is_on, value
from jobs.extraction.readers.word_document import Counts
from jobs.extraction.readers.word_runs import is_placeholder
from jobs.extraction.readers.word_styles import Styles

# What wraps blocks, rows or cells without being one.
_WRAPPERS = tuple(
    f"{W}{name}" for name in ("sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo")
)
# A cell with a heading and so many paragraphs is a part of the text, not a value.
_LAYOUT_PARAGRAPHS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A row that shows; `skipped` places stand before its first cell."""

    cells: list[etree._Element]
    skipped: int
    is_heading: bool


def unwrapped(container: etree._Element) -> Iterator[etree._Element]:
    """Yield what is in a container and in what only wraps it, such as content controls."""
    for element in container:
        if element.tag == f"{MC}AlternateContent":
            branch = next(iter(element), None)
            yield from () if branch is None else unwrapped(branch)
        elif element.tag not in _WRAPPERS:
            yield element
        elif not is_placeholder(element):
            yield from unwrapped(element)


def rows_of(table: etree._Element, counts: Counts) -> list[Row]:
    """Return the rows that show, and count those that do not."""
    rows = []
    for element in unwrapped(table):
        if element.tag != f"{W}tr":
            continue
        properties = element.find(f"{W}trPr")
        if properties is not None and properties.find(f"{W}del") is not None:
            counts.deletions += 1
        elif properties is not None and is_on(properties.find(f"{W}hidden")):
            counts.hidden += 1
        else:
            if properties is not None and properties.find(f"{W}ins") is not None:
                counts.insertions += 1
            cells = [cell for cell in unwrapped(element) if cell.tag == f"{W}tc"]
            is_heading = properties is not None and is_on(properties.find(f"{W}tblHeader"))
            rows.append(Row(cells, _number(value(properties, "gridBefore"), 0), is_heading))
    return rows


def is_layout(rows: list[Row], styles: Styles) -> bool:
    """Return whether a table only places parts of the text beside each other."""
    cells = [cell for row in rows for cell in row.cells]
    if max((len(row.cells) for row in rows), default=0) <= 1:
        return True
    nested = sum(cell.find(f"{W}tbl") is not None for cell in cells)
    if nested and (len(rows) == 1 or 3 * nested >= len(cells)):
        return True
    counts = [len(cell.findall(f"{W}p")) for cell in cells]
    if len(rows) == 1 and max(counts) >= _LAYOUT_PARAGRAPHS:
        return True
    return any(
        count >= _LAYOUT_PARAGRAPHS and _has_heading(cell, styles)
        for cell, count in zip(cells, counts, strict=True)
    )


def _has_heading(cell: etree._Element, styles: Styles) -> bool:
    return any(
        styles.of_paragraph(paragraph.find(f"{W}pPr")).heading
        for paragraph in cell.iterfind(f"{W}p")
    )


def span_of(cell: etree._Element) -> tuple[int, bool]:
    """Return how many columns a cell has, and whether it goes on from the cell above."""
    properties = cell.find(f"{W}tcPr")
    merge = None if properties is None else properties.find(f"{W}vMerge")
    continues = merge is not None and merge.get(f"{W}val", "continue") == "continue"
    return max(1, _number(value(properties, "gridSpan"), 1)), continues


def heading_rows(rows: list[Row]) -> int | None:
    """Return how many first rows are repeated on each page as headings; None if none are."""
    count = next((at for at, row in enumerate(rows) if not row.is_heading), len(rows))
    # One cell above all columns is a title.
    return count if 0 < count < len(rows) and len(rows[0].cells) > 1 else None


def title_of(table: etree._Element) -> str:
    """Return the title that a table's author gave it, for people who cannot see it."""
    return " ".join((value(table.find(f"{W}tblPr"), "tblCaption") or "").split())


def list_of(properties: etree._Element | None) -> tuple[str | None, int | None]:
    """Return the id of the list and the level that a paragraph names itself."""
    numbers = None if properties is None else properties.find(f"{W}numPr")
    level = value(numbers, "ilvl")
    return value(numbers, "numId"), None if level is None else _number(level, 0)


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and re.fullmatch(r"\d{1,9}", text) else default
