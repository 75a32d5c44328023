"""The words of SmartArt, in the order of its outline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lxml import etree

from jobs.extraction.readers.ooxml import DGM, Package, drawing_paragraphs

_EXTENSION = "{http://schemas.microsoft.com/office/drawing/2008/diagram}dataModelExt"


def diagram_texts(package: Package, part: str, data_part: str) -> Iterator[str]:
    """Yield the texts of a diagram; `part` is the slide or document that it is drawn on."""
    root = package.xml(data_part)
    if root is None:
        return
    texts = list(_outline(root))
    yield from texts
    extension = next(root.iter(_EXTENSION), None)
    if not texts and extension is not None:
        # What some programs write only as it is drawn.
        drawing = package.relations(part).get(extension.get("relId", ""))
        yield from drawing_paragraphs(package.xml(drawing.target) if drawing else None)


def _outline(root: etree._Element) -> Iterator[str]:
    """Yield the texts of the points, each before those below it."""
    points = {
        point.get("modelId", ""): point
        for point in root.iterfind(f"{DGM}ptLst/{DGM}pt")
        if point.get("type", "node") in ("doc", "node", "asst")
    }
    below: dict[str, list[tuple[int, str]]] = defaultdict(list)
    placed = set()
    for connection in root.iterfind(f"{DGM}cxnLst/{DGM}cxn"):
        if connection.get("type", "parOf") == "parOf":
            order = connection.get("srcOrd", "")
            child = connection.get("destId", "")
            position = int(order) if order.isdecimal() else 0
            below[connection.get("srcId", "")].append((position, child))
            placed.add(child)
    # Those that hang below none first; then what a loop would hide.
    stack = [at for at in reversed(points) if at not in placed]
    rest = iter(points)
    seen = set()
    while (at := stack.pop() if stack else next(rest, None)) is not None:
        if at in seen or at not in points:
            continue
        seen.add(at)
        yield from drawing_paragraphs(points[at].find(f"{DGM}t"))
        stack.extend(child for _, child in sorted(below[at], reverse=True))
