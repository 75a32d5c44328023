"""Tables of a PDF, which knows none: rows whose pieces stand below each other in columns.

What is no evident table stays rows of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from jobs.extraction.readers.pdf_columns import Row
from jobs.extraction.readers.pdf_text import Piece, readable

MIN_ROWS = 3
MAX_CELL_WORDS = 10.0
MAX_COLUMNS = 60
# A wider gap between two rows, in heights of a line, ends a table.
WIDEST_GAP = 2.5
# A smaller one may stand between the lines of one cell.
LINE_GAP = 0.5
# So many rows of one piece, such as the names of groups, may stand together within a table.
MAX_SINGLE_ROWS = 2
# Rows with this share of the most cells that a row has show where the columns are.
FULL_ROW_SHARE = 0.7
MAX_CLASH_SHARE = 0.05
# So many of the rows below its headings have numbers, if a table is one of numbers.
NUMBERS_SHARE = 0.6

_BULLET = re.compile(r"[•‣▪●○◦■□–—*\u2043\u25aa\uf0b7-]|\(?(\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]")
_SIGN_BEFORE = re.compile(r"[$€£¥]|(US|CA?|A|HK)\$|EUR|USD|GBP|CHF")
_SIGN_AFTER = re.compile(r"[)%]+|€|EUR|USD|CHF")
_NUMBER = re.compile(r"[(+−–-]{0,3}[$€£¥]?\s?\d[\d.,'\u2019\s]*[%)]*|[—–-]+|n/?a", re.IGNORECASE)
_YEAR = re.compile(r"(19|20)\d\d")
_SMALL_LETTER = re.compile(r"[a-zà-öø-ÿа-я]")

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a table, in rows of equal length, and which of its rows are bold.

    `heading_rows` is None if it cannot be told.
    """

    cells: list[list[str]]
    heading_rows: int | None = None
    bold_rows: frozenset[int] = frozenset()


def parted(rows: Sequence[Row]) -> Iterator[list[Row] | Table]:
    """Yield the tables among the rows of a part of a page, and the rows between them."""
    rows = [_with_marker(row) for row in rows]
    done = 0
    for start, end in _runs(rows):
        table = _table([_with_signs(row) for row in rows[start:end]])
        if table is None:
            continue
        if start > done:
            yield rows[done:start]
        yield table
        done = end
    if done < len(rows):
        yield rows[done:]


def _with_marker(row: Row) -> Row:
    """Return a row in which the marker of a list item is part of its text."""
    if len(row) != 2 or not _BULLET.fullmatch(row[0].text) or row[1].text.count(" ") < 2:
        return row
    return [_together(row[0], row[1])]


def _together(one: Piece, other: Piece, between: str = " ") -> Piece:
    return replace(
        one,
        text=f"{one.text}{between}{other.text}",
        left=min(one.left, other.left),
        top=min(one.top, other.top),
        right=max(one.right, other.right),
        bottom=max(one.bottom, other.bottom),
    )


def _runs(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Yield start and end of the rows that may be a table: several pieces, with few single ones."""
    start: int | None = None
    end = 0
    for number, row in enumerate(rows):
        if start is not None and (
            _gap(rows[number - 1], row) > WIDEST_GAP * row[0].height
            or number - end > MAX_SINGLE_ROWS
            or (_are_headings(row) and _have_numbers(rows[end - 1]))
        ):
            yield start, end
            start = None
        if len(row) > 1:
            start = number if start is None else start
            end = number + 1
    if start is not None:
        yield start, end


def _gap(above: Row, below: Row) -> float:
    return min(piece.top for piece in below) - max(piece.bottom for piece in above)


def _are_headings(row: Row) -> bool:
    """Return whether a row names columns, in words or years."""
    cells = [piece.text for piece in row if not _SIGN_BEFORE.fullmatch(piece.text)]
    return (
        len(cells) > 1
        and not _NUMBER.fullmatch(cells[0])
        and all(not _NUMBER.fullmatch(cell) or _YEAR.fullmatch(cell) for cell in cells[1:])
    )


def _have_numbers(row: Row) -> bool:
    numbers = [piece.text for piece in row[1:] if _NUMBER.fullmatch(piece.text)]
    return any(not _YEAR.fullmatch(number) for number in numbers)


def _with_signs(row: Row) -> Row:
    """Return a row in which the signs of currencies and percent belong to their numbers."""
    joined: Row = []
    waiting: Piece | None = None
    for item in row:
        piece, following = item, None
        amount, blank, sign = piece.text.rpartition(" ")
        if blank and sign in tuple("$€£¥"):
            middle = piece.right - piece.height
            following = replace(piece, text=sign, left=middle)
            piece = replace(piece, text=amount.rstrip(), right=middle)
        if waiting is not None:
            piece, waiting = _together(waiting, piece), None
        if _SIGN_BEFORE.fullmatch(piece.text):
            waiting = piece
        elif joined and _SIGN_AFTER.fullmatch(piece.text):
            joined[-1] = _together(joined[-1], piece, "")
        else:
            joined.append(piece)
        waiting = waiting or following
    return [*joined, waiting] if waiting is not None else joined


def _table(rows: list[Row]) -> Table | None:
    """Return the rows as a table; None if they are not evidently one."""
    several = [row for row in rows if len(row) > 1]
    if len(several) < MIN_ROWS:
        return None
    words = sum(piece.text.count(" ") + 1 for row in several for piece in row)
    pieces = sum(map(len, several))
    columns = _columns(several)
    if words > MAX_CELL_WORDS * pieces or len(columns) < 2:
        return None
    if sum(_clashes(row, columns) for row in several) > MAX_CLASH_SHARE * pieces:
        return None
    cells: list[list[str]] = []
    bold: list[bool] = []
    for number, row in enumerate(rows):
        if number + 1 < len(rows) and _have_numbers(rows[number + 1]):
            row = [word for piece in row for word in _words(piece, columns)]
        placed = _placed(row, columns)
        is_near = number > 0 and _gap(rows[number - 1], row) < LINE_GAP * row[0].height
        if is_near and _is_continued(cells[-1], placed):
            cells[-1] = [
                f"{above} {cell}".strip() for above, cell in zip(cells[-1], placed, strict=True)
            ]
        else:
            cells.append(placed)
            bold.append(all(piece.is_bold for piece in row))
    if len(cells) < MIN_ROWS or not _is_dense(cells):
        return None
    if 2 * sum(row[0].endswith(":") for row in cells) > len(cells):
        return None  # labels and values too, of a form
    cells = [[readable(cell) for cell in row] for row in cells]
    heading_rows = _heading_rows(cells)
    if len(columns) == 2 and heading_rows is None and not bold[0]:
        return None  # labels and values
    bold_rows = frozenset(number for number, is_bold in enumerate(bold) if is_bold)
    cells = _spread_headings(cells)
    if heading_rows:
        # Here it is known what stands above what.
        names = [
            " ".join(dict.fromkeys(filter(None, column)))
            for column in zip(*cells[:heading_rows], strict=True)
        ]
        return Table([names, *cells[heading_rows:]], 1)
    return Table(cells, heading_rows, bold_rows)


def _columns(rows: Sequence[Row]) -> list[Span]:
    """Return where the columns stand, from left to right, by the rows with the most pieces."""
    most = max(map(len, rows))
    full = [row for row in rows if len(row) >= max(2, FULL_ROW_SHARE * most)]
    columns: list[Span] = []
    for left, right in sorted((piece.left, piece.right) for row in full for piece in row):
        if columns and left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    if len(columns) > MAX_COLUMNS:
        return []
    # A heading and the numbers below it may not overlap: no row has pieces in both columns.
    taken = [{_column_of(piece, columns) for piece in row} for row in rows]
    merged = columns[:1]
    numbers = {0}
    for number, column in enumerate(columns[1:], 1):
        if number > 1 and not any(number in row and numbers & row for row in taken):
            merged[-1] = (merged[-1][0], column[1])
            numbers.add(number)
        else:
            merged.append(column)
            numbers = {number}
    return merged


def _column_of(piece: Piece, columns: Sequence[Span]) -> int:
    """Return the column that a piece shares most with, or stands nearest to."""

    def shared(number: int) -> float:
        left, right = columns[number]
        return min(right, piece.right) - max(left, piece.left)

    return max(range(len(columns)), key=shared)


def _clashes(row: Row, columns: Sequence[Span]) -> int:
    return len(row) - len({_column_of(piece, columns) for piece in row})


def _words(piece: Piece, columns: Sequence[Span]) -> list[Piece]:
    """Return the words of a piece that stand in a column each: its headings stand close together.

    Where they stand is estimated by their letters.
    """
    words = piece.text.split()
    width = (piece.right - piece.left) / max(1, len(piece.text))
    if len(words) < 2 or _column_of(piece, columns) == 0:
        return [piece]
    placed: list[Piece] = []
    at = 0
    for word in words:
        left = piece.left + at * width
        placed.append(replace(piece, text=word, left=left, right=left + len(word) * width))
        at += len(word) + 1
    own = [_column_of(word, columns) for word in placed]
    covered = [left < piece.right and right > piece.left for left, right in columns]
    is_each_apart = len(set(own)) == len(words) == sum(covered)
    return placed if is_each_apart else [piece]


def _placed(row: Row, columns: Sequence[Span]) -> list[str]:
    """Return a row's cells by their columns. A heading that stands over several is in each."""
    cells = [""] * len(columns)
    own = {_column_of(piece, columns) for piece in row}
    for piece in sorted(row, key=lambda item: item.left):
        main = _column_of(piece, columns)
        covered = {main}
        if len(row) > 1 and not _is_value(piece.text):
            covered |= {
                number
                for number, (left, right) in enumerate(columns)
                if number not in own and left < piece.right and right > piece.left
            }
        for number in covered - {0} if main else {0}:
            cells[number] = f"{cells[number]} {piece.text}".strip()
    return cells


def _is_continued(above: list[str], below: list[str]) -> bool:
    """Return whether a row is further lines of the cells above it, or ends the label above it."""
    filled = [number for number, cell in enumerate(below) if cell]
    if not any(above[1:]):
        return bool(above[0] and _SMALL_LETTER.match(below[0]))
    if not above[0] or any(_NUMBER.fullmatch(below[n]) or not above[n] for n in filled):
        return False
    if filled == [0]:
        return bool(_SMALL_LETTER.match(below[0]) or below[0].startswith("("))
    return not below[0]


def _is_dense(cells: list[list[str]]) -> bool:
    """Return whether each column has cells in several rows."""
    return min(sum(map(bool, column)) for column in zip(*cells, strict=True)) >= 2


def _heading_rows(cells: list[list[str]]) -> int | None:
    """Return how many rows name the columns of numbers below them; None if that is not clear."""
    rows = [any(_is_value(cell) for cell in row[1:]) for row in cells]
    heads = rows.index(True) if True in rows else 0
    below = rows[heads:]
    # A second label in the first column is that of a row.
    has_labels = sum(bool(row[0]) for row in cells[:heads]) > 1
    if not heads or has_labels or len(below) < 2 or sum(below) < NUMBERS_SHARE * len(below):
        return None
    return heads


def _is_value(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell)) and not _YEAR.fullmatch(cell)


def _spread_headings(cells: list[list[str]]) -> list[list[str]]:
    """Return the cells with the headings of several columns above each of them.

    Their rows stand above all others, and have a cell above the first of each group of columns.
    """
    spread: list[list[str]] = []
    for number, row in enumerate(cells):
        filled = [at for at, cell in enumerate(row) if cell]
        steps = {after - before for before, after in pairwise(filled)}
        is_regular = len(steps) == 1 and (len(row) - 1) % max(steps) == 0
        if row[0] or len(filled) < 2:
            return spread + cells[number:]
        if filled[0] != 1 or not is_regular:
            spread.append(row)
            continue
        wide = max(steps)
        spread.append(["", *(row[1 + (at - 1) // wide * wide] for at in range(1, len(row)))])
    return spread
