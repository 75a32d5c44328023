"""Charts of Office files as tables: categories down, series across, values as they are saved."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from jobs.extraction.blocks import Block
from jobs.extraction.readers.cell_format import format_number
from jobs.extraction.readers.ooxml import CX, C, Package, drawing_paragraphs
from jobs.extraction.readers.shown_text import clean
from jobs.extraction.readers.tables import table_blocks

_TEXT_ELEMENTS = ("strCache", "numCache", "strLit", "numLit")


@dataclass(slots=True)
class _Series:
    """The values of a series by their position."""

    name: str
    values: dict[int, str] = field(default_factory=dict)


def chart_blocks(package: Package, part: str, page: int | None = None) -> Iterator[Block]:
    """Yield the rows of a chart; none if no values are saved in it."""
    root = package.xml(part)
    if root is None:
        return
    if root.tag.startswith(CX):
        title, tables = _new_chart(root)
    else:
        title, tables = _chart(root)
    for cells in tables:
        if len(cells) > 1:
            yield from table_blocks(cells, title=title, page=page, heading_rows=1)
    for text in _labels(root):
        yield Block(text, page=page)


def _chart(root: etree._Element) -> tuple[str, list[list[list[str]]]]:
    """Return the title of a chart, and a table for the series that share their categories."""
    titles = [_title(root.find(f"{C}chart"))]
    area = root.find(f"{C}chart/{C}plotArea")
    axis = ""
    for element in () if area is None else area:
        text = _title(element)
        if text and element.tag in (f"{C}catAx", f"{C}dateAx"):
            axis = axis or text
        elif text and element.tag == f"{C}valAx":
            titles.append(text)
    groups: list[tuple[dict[int, str], list[_Series]]] = []
    for element in () if area is None else area.iter(f"{C}ser"):
        categories = _points(_first(element, "cat", "xVal"))
        series = _Series(_series_name(element), _points(_first(element, "val", "yVal")))
        own = [series]
        if sizes := _points(element.find(f"{C}bubbleSize")):
            own.append(_Series(f"{series.name} (size)".strip(), sizes))
        if groups and (not categories or groups[-1][0] == categories):
            groups[-1][1].extend(own)
        else:
            groups.append((categories, own))
    # Of a chart of points, the first of the value axes names the categories.
    if area is not None and area.find(f"{C}scatterChart") is not None and len(titles) > 1:
        axis = titles.pop(1)
    return ". ".join(filter(None, titles)), [_table(axis, *group) for group in groups]


def _table(axis: str, categories: dict[int, str], series: list[_Series]) -> list[list[str]]:
    positions = sorted({at for each in series for at in each.values})
    rows = [
        [categories.get(at, str(at + 1)), *(each.values.get(at, "") for each in series)]
        for at in positions
    ]
    return [[axis, *(each.name or f"Series {n}" for n, each in enumerate(series, 1))], *rows]


def _new_chart(root: etree._Element) -> tuple[str, list[list[list[str]]]]:
    """Return the title and the tables of a chart of the kinds of 2016: funnel, waterfall, tree."""
    names = {}
    for element in root.iter(f"{CX}series"):
        data, name = element.find(f"{CX}dataId"), element.find(f"{CX}tx//{CX}v")
        if data is not None and name is not None:
            names[data.get("val")] = name.text or ""
    tables = []
    for data in root.iter(f"{CX}data"):
        levels: list[dict[int, str]] = []
        for dimension in data.iterfind(f"{CX}strDim"):
            levels += [_new_points(level) for level in dimension.iterfind(f"{CX}lvl")]
        categories: dict[int, str] = {}
        for level in reversed(levels):
            for at, text in level.items():
                categories[at] = f"{categories[at]}, {text}" if at in categories else text
        values = _new_points(data.find(f"{CX}numDim/{CX}lvl"))
        tables.append(_table("", categories, [_Series(names.get(data.get("id"), ""), values)]))
    title = " ".join(drawing_paragraphs(root.find(f"{CX}chart/{CX}title")))
    return title, tables


def _new_points(level: etree._Element | None) -> dict[int, str]:
    if level is None:
        return {}
    code = level.get("formatCode", "")
    return {
        _index(point): shown_number(point.text or "", code) for point in level.iterfind(f"{CX}pt")
    }


def _first(element: etree._Element, *names: str) -> etree._Element | None:
    found = (element.find(C + name) for name in names)
    return next((each for each in found if each is not None), None)


def _points(element: etree._Element | None) -> dict[int, str]:
    """Return the saved values of a series by their position; those with levels say them all."""
    if element is None:
        return {}
    if levels := element.findall(f".//{C}lvl"):
        return _with_levels(levels)
    points: dict[int, str] = {}
    for name in _TEXT_ELEMENTS:
        for cache in element.iter(C + name):
            code = cache.findtext(f"{C}formatCode") or ""
            for point in cache.iterfind(f"{C}pt"):
                points[_index(point)] = _text(point, code)
    return points


def _with_levels(levels: list[etree._Element]) -> dict[int, str]:
    """Join the levels of categories, the innermost first in the file; an outer one reaches down."""
    named = [
        {_index(point): _text(point, "") for point in level.iterfind(f"{C}pt")} for level in levels
    ]
    points = {}
    current = [""] * len(named)
    for at in sorted(set().union(*named)):
        current = [level.get(at, before) for level, before in zip(named, current, strict=True)]
        points[at] = ", ".join(filter(None, reversed(current)))
    return points


def shown_number(text: str, code: str) -> str:
    """Return a saved value as its format shows it; what is no number stays as it is."""
    try:
        number = float(text)
    except ValueError:
        return clean(text)
    return format_number(number, code or "General") if math.isfinite(number) else text


def _text(point: etree._Element, code: str) -> str:
    return shown_number(point.findtext(f"{C}v") or "", point.get("formatCode") or code)


def _index(point: etree._Element) -> int:
    text = point.get("idx", "")
    return int(text) if re.fullmatch(r"\d{1,9}", text) else 0


def _title(element: etree._Element | None) -> str:
    title = None if element is None else element.find(f"{C}title")
    if title is None:
        return ""
    text = " ".join(drawing_paragraphs(title.find(f"{C}tx")))
    return text or " ".join(_points(title.find(f"{C}tx")).values())


def _series_name(series: etree._Element) -> str:
    name = series.find(f"{C}tx")
    if name is None:
        return ""
    return clean(" ".join(_points(name).values()) or name.findtext(f"{C}v") or "")


def _labels(root: etree._Element) -> Iterator[str]:
    """Yield what somebody wrote beside single points."""
    for label in root.iter(f"{C}dLbl"):
        if text := " ".join(drawing_paragraphs(label.find(f"{C}tx"))):
            yield text
