"""What stands on a worksheet beside its cells: comments, text boxes, the words of charts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from jobs.extraction.blocks import Block
from jobs.extraction.readers.ooxml import C, Package, drawing_paragraphs
from jobs.extraction.readers.sheet_cells import area_of, rich_text
from jobs.extraction.readers.sheet_grid import SheetGrid
from jobs.extraction.readers.shown_text import clean
from jobs.extraction.readers.tables import column_letters

# What Excel writes for versions that do not know the comments of today.
_LEGACY_COPY = re.compile(r"^\s*\[Threaded comment\]")


def comment_blocks(package: Package, part: str, sheet: SheetGrid, name: str) -> Iterator[Block]:
    """Yield the comments on the cells of a sheet that show, in the order of the cells."""
    found: dict[tuple[int, int], list[str]] = {}
    for kind, tag in (("comments", "comment"), ("threadedComment", "threadedComment")):
        for target in package.related(part, kind):
            root = package.xml(target)
            for comment in () if root is None else root.iter(f"{{*}}{tag}"):
                area = area_of(comment.get("ref", ""))
                text = _comment_text(comment)
                if area is not None and text and not sheet.is_hidden(area.top, area.left):
                    found.setdefault((area.top, area.left), []).append(text)
    for (row, column), texts in sorted(found.items()):
        cell = f"{column_letters(column)}{row}"
        for text in texts:
            yield Block(f"Comment on {cell}: {text}", sheet=name, cells=cell)


def _comment_text(comment: etree._Element) -> str:
    element = comment.find("{*}text")
    if element is None:
        return ""
    text = rich_text(element) or clean(element.text or "")
    return "" if _LEGACY_COPY.match(text) else " ".join(text.split())


def drawing_blocks(package: Package, part: str, name: str) -> Iterator[Block]:
    """Yield the words of text boxes, shapes and charts on a sheet."""
    for target in package.related(part, "drawing"):
        root = package.xml(target)
        if root is None:
            continue
        for text in drawing_paragraphs(root):
            yield Block(text, sheet=name)
        for chart in package.related(target, "chart"):
            if text := _chart_words(package.xml(chart)):
                yield Block(text, sheet=name)


def _chart_words(root: etree._Element | None) -> str:
    """Return the titles of a chart and of its axes, and the names of its series.

    Its values stand in cells, where they are read, or left out with the cells that are hidden.
    """
    if root is None:
        return ""
    titles = [" ".join(drawing_paragraphs(title)) for title in root.iter(f"{C}title")]
    titles += [value.text or "" for value in root.iterfind(f".//{C}ser/{C}tx//{C}v")]
    words = "; ".join(dict.fromkeys(filter(None, map(clean, titles))))
    return f"Chart: {words}" if words else ""
