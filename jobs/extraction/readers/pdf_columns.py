"""The reading order of a page: which pieces of text are rows, and which rows are columns of text.

A gutter parts a page where text stands on both sides of it as prose does: in lines of several words
that fill their column, or on heights of their own. The cells of a table do neither; they are rows.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from jobs.extraction.readers.bidi import is_right_to_left
from jobs.extraction.readers.pdf_text import ASKEW, Piece

Row = list[Piece]

MAX_GUTTERS = 12
# Lines that begin this near to each other, in points, begin at one edge.
EDGE_POINTS = 3.0
COLUMN_POINTS = 30.0
MAX_DEPTH = 8
# What makes lines prose: words in a line, and the part of its column's width that a line fills.
PROSE_WORDS = 3.5
PROSE_FILL = 0.6
PROSE_IDEOGRAPHS = 8
MAX_DIGIT_SHARE = 0.3
# The lines of two columns of text may share their heights by chance; the cells of a table do.
ALIGNED_SHARE = 0.6
ALIGNED_HEIGHTS = 0.2
MIN_COLUMN_LINES = 3
LARGEST_BESIDE = 2.5
LARGER = 1.15

_BULLET = re.compile(r"[•‣▪●○◦■□–—*\u2043\u25aa\uf0b7-]\s")
_DIGIT = re.compile(r"\d")
_IDEOGRAPH = re.compile("[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


def reading_order(pieces: Sequence[Piece], width: float, height: float) -> Iterator[list[Row]]:
    """Yield parts of a page in reading order, each as rows of pieces.

    Rows and columns of text that runs from right to left do so too. Turned and vertical text makes
    parts of its own; the places of its pieces are those they have once the page is turned back.
    """
    pieces = _stacked(pieces)
    for turn in dict.fromkeys(piece.turn for piece in pieces):
        placed = [_turned_back(piece, width, height) for piece in pieces if piece.turn == turn]
        is_rtl = is_right_to_left("".join(piece.text for piece in placed))
        for part in _parts(placed, is_rtl, 0):
            yield rows_of(part, is_rtl)


def rows_of(pieces: Sequence[Piece], is_rtl: bool = False) -> list[Row]:
    """Return pieces as rows from top to bottom, each from where reading begins."""
    rows: list[Row] = []
    for piece in sorted(pieces, key=lambda item: item.middle):
        anchor = rows[-1][0] if rows else None
        if anchor is not None and _share_a_line(anchor, piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda item: -item.right if is_rtl else item.left)
    return rows


def _share_a_line(one: Piece, other: Piece) -> bool:
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    if overlap <= 0:
        return False
    heights = one.height, other.height
    smaller, larger = min(heights), max(heights)
    # Beside a large initial or a watermark stand several lines.
    return overlap > 0.5 * smaller and larger < LARGEST_BESIDE * smaller


def _turned_back(piece: Piece, width: float, height: float) -> Piece:
    """Return a piece with its place on the page turned so that it reads from left to right."""
    if piece.turn in (0, ASKEW):
        return piece
    if piece.turn == 1:
        place = (piece.top, width - piece.right, piece.bottom, width - piece.left)
    elif piece.turn == 2:
        place = (width - piece.right, height - piece.bottom, width - piece.left, height - piece.top)
    else:
        place = (height - piece.bottom, piece.left, height - piece.top, piece.right)
    left, top, right, bottom = place
    return replace(piece, left=left, top=top, right=right, bottom=bottom)


def _stacked(pieces: Sequence[Piece]) -> list[Piece]:
    """Join ideographs that stand one by one below each other to vertical lines."""
    singles = sum(len(piece.text) == 1 and bool(_IDEOGRAPH.match(piece.text)) for piece in pieces)
    if 2 * singles <= len(pieces):
        return list(pieces)
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is not None and _stands_below(last, piece):
            joined[-1] = replace(
                last, text=last.text + piece.text, bottom=piece.bottom, end=piece.end, turn=1
            )
        else:
            joined.append(piece)
    return joined


def _stands_below(upper: Piece, lower: Piece) -> bool:
    size = lower.right - lower.left
    return abs(lower.left - upper.left) < 0.5 * size and -size < lower.top - upper.bottom < size


def _parts(pieces: list[Piece], is_rtl: bool, depth: int) -> Iterator[list[Piece]]:
    """Yield the pieces in parts that are read one after the other, each row by row."""
    pieces = sorted(pieces, key=lambda piece: piece.middle)
    gutter = _best_gutter(pieces, is_rtl) if depth < MAX_DEPTH else None
    if gutter is None:
        yield pieces
        return
    rest: list[Piece] = []
    for band in _bands(pieces, gutter):
        sides = _sides(band, gutter)
        if sides is None or not _are_columns(*sides, fewest=1):
            rest += band
            continue
        yield from _parts_of_rest(rest, pieces, is_rtl, depth)
        rest = _headings_below(*sides)
        headings = set(map(id, rest))
        for side in reversed(sides) if is_rtl else sides:
            own = [piece for piece in side if id(piece) not in headings]
            yield from _parts(own, is_rtl, depth + 1)
    yield from _parts_of_rest(rest, pieces, is_rtl, depth)


def _parts_of_rest(
    rest: list[Piece], pieces: list[Piece], is_rtl: bool, depth: int
) -> Iterator[list[Piece]]:
    if rest:
        yield from _parts(rest, is_rtl, depth + 1) if len(rest) < len(pieces) else [rest]


def _best_gutter(pieces: list[Piece], is_rtl: bool) -> float | None:
    """Return where columns of text part, if there is text beside text; None without columns.

    Columns begin where several lines do. Of all such places, the one counts that has columns on
    both sides over most of the height.
    """
    if len(pieces) < 2 * MIN_COLUMN_LINES or not _any_side_by_side(pieces):
        return None
    edges: dict[int, list[float]] = {}
    for piece in pieces:
        edge = piece.right if is_rtl else piece.left
        edges.setdefault(round(edge / EDGE_POINTS), []).append(edge)
    common = sorted((e for e in edges.values() if len(e) > 1), key=len, reverse=True)
    candidates = [max(e) + 0.5 if is_rtl else min(e) - 0.5 for e in common[:MAX_GUTTERS]]
    best = max(candidates, key=lambda x: _shared_height(pieces, x), default=None)
    return best if best is not None and _shared_height(pieces, best) > 0 else None


def _any_side_by_side(pieces: Sequence[Piece]) -> bool:
    bottom = float("-inf")
    for piece in pieces:
        if bottom - piece.top > 0.5 * piece.height:
            return True
        bottom = max(bottom, piece.bottom)
    return False


def _shared_height(pieces: list[Piece], x: float) -> float:
    """Return over how much height there are columns of text on both sides of a gutter."""
    shared = 0.0
    for band in _bands(pieces, x):
        sides = _sides(band, x)
        if sides is not None and _are_columns(*sides, fewest=MIN_COLUMN_LINES):
            shared += _overlap(*sides)
    return shared


def _overlap(left: list[Piece], right: list[Piece]) -> float:
    return min(max(piece.bottom for piece in side) for side in (left, right)) - max(
        min(piece.top for piece in side) for side in (left, right)
    )


def _bands(pieces: list[Piece], x: float) -> Iterator[list[Piece]]:
    """Yield the pieces from top to bottom: what stands beside one that crosses the gutter apart.

    They come sorted by their middles.
    """
    blocks: list[list[float]] = []
    for piece in pieces:
        if piece.left < x - 1 and piece.right > x + 1:
            if blocks and piece.top < blocks[-1][1]:
                blocks[-1][1] = max(blocks[-1][1], piece.bottom)
            else:
                blocks.append([piece.top, piece.bottom])
    inside: list[list[Piece]] = [[] for _ in blocks]
    between: list[list[Piece]] = [[] for _ in range(len(blocks) + 1)]
    at = 0
    for piece in pieces:
        middle = piece.middle
        while at < len(blocks) and middle > blocks[at][1]:
            at += 1
        is_inside = at < len(blocks) and middle >= blocks[at][0]
        (inside if is_inside else between)[at].append(piece)
    for number, band in enumerate(between):
        if band:
            yield band
        if number < len(inside) and inside[number]:
            yield inside[number]


def _sides(band: list[Piece], x: float) -> tuple[list[Piece], list[Piece]] | None:
    left = [piece for piece in band if piece.right <= x + 1]
    right = [piece for piece in band if piece.left >= x - 1]
    if not left or not right or len(left) + len(right) < len(band):
        return None
    return left, right


def _headings_below(left: list[Piece], right: list[Piece]) -> list[Piece]:
    """Return what stands below both columns in larger letters: it heads what follows them."""
    height = median(piece.height for piece in (*left, *right))
    found: list[Piece] = []
    for side, other in ((left, right), (right, left)):
        bottom = max(piece.bottom for piece in other)
        for piece in reversed(side):
            if piece.top < bottom or piece.height < LARGER * height or piece is side[0]:
                break
            found.append(piece)
    return found[::-1]


def _are_columns(left: list[Piece], right: list[Piece], *, fewest: int) -> bool:
    """Return whether two sides are columns of text, with so many lines at least, and no cells."""
    lines = min(len(left), len(right))
    if lines < fewest or _overlap(left, right) <= 0:
        return False
    if _are_prose(left) and _are_prose(right):
        return True
    if _are_bullets(left) and _are_bullets(right):
        return True
    return lines >= MIN_COLUMN_LINES and _aligned_share(left, right) < ALIGNED_SHARE


def _are_prose(side: list[Piece]) -> bool:
    """Return whether lines have several words, few numbers, and fill their columns."""
    text = "\n".join(piece.text for piece in side)
    if len(_DIGIT.findall(text)) > MAX_DIGIT_SHARE * len(text):
        return False
    is_wordy = text.count(" ") + len(side) >= PROSE_WORDS * len(side)
    if not is_wordy and len(_IDEOGRAPH.findall(text)) < PROSE_IDEOGRAPHS * len(side):
        return False
    # The side may be several columns itself, each with its edge.
    columns: dict[int, list[float]] = {}
    for piece in side:
        columns.setdefault(round(piece.left / COLUMN_POINTS), []).append(piece.right - piece.left)
    widths = [width / max(column) for column in columns.values() for width in column]
    return median(widths) >= PROSE_FILL


def _are_bullets(side: list[Piece]) -> bool:
    return 2 * sum(bool(_BULLET.match(piece.text)) for piece in side) > len(side)


def _aligned_share(left: list[Piece], right: list[Piece]) -> float:
    """Return the share of lines of the shorter side at whose height the other has one."""
    fewer, more = sorted((left, right), key=len)
    middles = [piece.middle for piece in more]
    aligned = 0
    for piece in fewer:
        middle, near = piece.middle, ALIGNED_HEIGHTS * piece.height
        at = bisect_left(middles, middle - near)
        aligned += at < len(middles) and middles[at] <= middle + near
    return aligned / len(fewer)
