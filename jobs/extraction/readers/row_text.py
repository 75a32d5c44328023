"""The text of one row of a table: "Name: value; Name: value", in parts if it is long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from jobs.extraction.readers.cell_kinds import CellKind, kind_of
from jobs.extraction.readers.merged_cells import Across, Below

# A longer row is cut, so that each of its parts fits into a passage with what stands above it.
MAX_ROW_CHARS = 900
# What each part of a cut row begins with is no longer than this.
MAX_KEY_CHARS = 120
# Of a merged cell, further rows and columns repeat no more.
MAX_REPEATED_CHARS = 200
# The end of a part is moved back to a space by no more than this.
MAX_WORD_CHARS = 60


def row_texts(
    names: Sequence[str], cells: Sequence[str], max_chars: int = MAX_ROW_CHARS
) -> list[str]:
    """Return the text of a row, or of the parts of a long one.

    Each part begins with the row's first cell, and with its other short cells if they are few. Two
    cells without names are a label and its value.
    """
    pairs = list(_pairs(names, cells))
    if not pairs:
        return []
    if len(pairs) == 2 and not any(names) and len(cells) == 2:
        (_, label), (_, value) = pairs
        if kind_of(label) is not CellKind.NUMBER:
            pairs = [(label.rstrip(": "), value)]
    pieces = [f"{name}: {cell}" if name else cell for name, cell in pairs]
    text = "; ".join(pieces)
    if len(text) <= max_chars:
        return [text]
    return list(_parts(pairs, pieces, max_chars))


def _pairs(names: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each cell that says something."""
    label = ""
    before: tuple[str, str] | None = None
    for name, cell in zip_longest(names, cells, fillvalue=""):
        text = " ".join(cell.split())
        if not text:
            continue
        if isinstance(cell, Across | Below):
            text = shortened(text, MAX_REPEATED_CHARS)
        if isinstance(cell, Across) and (not name or (name, text) == before):
            continue
        before = (name, text)
        if not name and not isinstance(cell, Across) and text.endswith(":") and not label:
            label = text.rstrip(": ")  # "Company:" names the cell to its right
            continue
        yield name or label, text
        label = ""
    if label:
        yield "", label


def _parts(
    pairs: Sequence[tuple[str, str]], pieces: Sequence[str], max_chars: int
) -> Iterator[str]:
    """Yield parts of a row, each with its first cell, and with all short cells if they are few."""
    short = [piece for piece in pieces if len(piece) <= MAX_KEY_CHARS]
    if short[:1] != list(pieces[:1]):
        short.insert(0, shortened(pieces[0], MAX_KEY_CHARS))
    is_form = sum(map(len, short)) <= max_chars // 3
    head = "; ".join(short if is_form else short[:1])
    room = max(max_chars - len(head) - 2, MAX_KEY_CHARS)
    kept: list[str] = []
    length = 0
    for index, ((name, cell), piece) in enumerate(zip(pairs, pieces, strict=True)):
        if len(piece) <= MAX_KEY_CHARS and (is_form or index == 0):
            continue  # in the head already
        if length + len(piece) <= room:
            kept.append(piece)
            length += len(piece) + 2
            continue
        for text in _slices(name, cell, room, room - length):
            if kept and length + len(text) > room:
                yield "; ".join([head, *kept])
                kept, length = [], 0
            kept.append(text)
            length += len(text) + 2
    if kept:
        yield "; ".join([head, *kept])


def _slices(name: str, text: str, room: int, first_room: int) -> Iterator[str]:
    """Yield a long cell in slices with its name, cut at the ends of sentences or words."""
    prefix = f"{name}: " if name else ""
    # Nothing short is begun in what is left of a part, and nothing is cut that fits into the next.
    if first_room < room // 2 or len(prefix) + len(text) <= room:
        first_room = room
    at, size = 0, first_room - len(prefix)
    while len(text) - at > size:
        end = _cut_at(text, at, at + size)
        yield prefix + text[at:end].strip()
        at, size = end, room - len(prefix)
    if rest := text[at:].strip():
        yield prefix + rest


def _cut_at(text: str, start: int, end: int) -> int:
    for mark in (". ", "! ", "? ", "。"):
        found = text.rfind(mark, start + (end - start) // 2, end)
        if found >= 0:
            return found + len(mark)
    found = text.rfind(" ", max(start + 1, end - MAX_WORD_CHARS), end)
    return found + 1 if found >= 0 else end


def shortened(text: str, max_chars: int) -> str:
    """Return a text that is cut with an ellipsis if it is longer."""
    return text if len(text) <= max_chars else text[: max_chars - 1].rstrip() + "…"
