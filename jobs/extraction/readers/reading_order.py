"""The order in which people read what is placed on a slide: rows and columns of boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Thing = TypeVar("Thing")

# Boxes are cut into rows and columns again and again; a drawing of more is read line by line.
MAX_BOXES = 300
MAX_DEPTH = 20
# So many rows of as many boxes each are a table that was drawn of boxes.
TABLE_ROWS = 3


@dataclass(frozen=True, slots=True)
class Box(Generic[Thing]):
    """A thing and where it is, in any unit, from the top left."""

    thing: Thing
    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height


def in_reading_order(boxes: Sequence[Box[Thing]]) -> list[Thing]:
    """Return the things in order: cut at the widest gaps, columns from the left, rows from above.

    What is drawn like a table, and what overlaps so that no gap is left, is read line by line.
    """
    if len(boxes) > MAX_BOXES:
        return [box.thing for box in _lines(boxes)]
    return [box.thing for box in _cut(list(boxes), 0)]


def _cut(boxes: list[Box[Thing]], depth: int) -> Iterator[Box[Thing]]:
    if len(boxes) <= 1 or depth >= MAX_DEPTH or _is_table(boxes):
        yield from _lines(boxes)
        return
    rows, row_gap = _parts(boxes, lambda box: (box.top, box.bottom))
    columns, column_gap = _parts(boxes, lambda box: (box.left, box.right))
    parts = columns if column_gap > row_gap else rows
    if len(parts) == 1:
        yield from _lines(boxes)
        return
    for part in parts:
        yield from _cut(part, depth + 1)


def _parts(
    boxes: list[Box[Thing]], span: Callable[[Box[Thing]], tuple[int, int]]
) -> tuple[list[list[Box[Thing]]], int]:
    """Cut the boxes at the widest gap along a direction; returns the parts and the gap."""
    ordered = sorted(boxes, key=span)
    end = span(ordered[0])[1]
    widest, cut = -1, 0
    for at, box in enumerate(ordered[1:], 1):
        start, stop = span(box)
        if start >= end and start - end > widest:
            widest, cut = start - end, at
        end = max(end, stop)
    return ([ordered[:cut], ordered[cut:]], widest) if cut else ([ordered], -1)


def _is_table(boxes: Sequence[Box[Thing]]) -> bool:
    """Return whether boxes stand in rows and columns, such as labels beside their values."""
    rows: dict[int, int] = {}
    for box in boxes:
        rows[box.top] = rows.get(box.top, 0) + 1
    return len(rows) >= TABLE_ROWS and set(rows.values()) == {len(boxes) // len(rows)}


def _lines(boxes: Sequence[Box[Thing]]) -> list[Box[Thing]]:
    """Return boxes line by line: those that begin above the middle of a line's first are in it."""
    ordered = sorted(boxes, key=lambda box: (box.top, box.left))
    lines: list[list[Box[Thing]]] = []
    for box in ordered:
        if lines and box.top < lines[-1][0].top + lines[-1][0].height / 2:
            lines[-1].append(box)
        else:
            lines.append([box])
    return [box for line in lines for box in sorted(line, key=lambda box: box.left)]
