"""Which rows at the top of a table are its headings, and what they call each column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from jobs.extraction.readers.cell_kinds import CellKind, is_sentence, kind_of, names_period
from jobs.extraction.readers.heading_words import HEADING_SIGNS, HEADING_WORDS
from jobs.extraction.readers.merged_cells import Across, Below

# The rows that are looked at to judge what a column holds.
SAMPLED_ROWS = 60
MAX_HEADING_ROWS = 3
MAX_HEADING_CHARS = 80
# A column holds one kind if so many of its cells do.
AGREEING_SHARE = 0.6
# A column of texts is told from its heading by texts that are so much longer.
LONG_TEXT_CHARS = 30
# Of what `_score` counts. Numbers below words are enough by themselves, one known word is not.
ENOUGH_EVIDENCE = 2
# So many labels with values of one kind, and no known label among them, are a column with data.
MIN_SURE_ROWS = 6
# Above the second of two columns, these say no more than that they are values.
_VALUE_WORDS = re.compile(
    r"(?:values?|werte?|valeurs?|waarden?|valor(?:es)?|valor[ei]|wartości?|inhalt|content|значение|值|値|값)",
    re.IGNORECASE,
)
_TYPED = (CellKind.NUMBER, CellKind.YEAR, CellKind.DATE)
_UNIT = re.compile(
    r"[(\[][^()\[\]]{1,20}[)\]]|in [^\s]{1,8}|[^\W\d]{1,6}[²³]?(?:/[^\W\d]{1,6}[²³]?)?|[%€$£°]"
)


def count_headings(rows: Sequence[Sequence[str]], *, hint: bool = False) -> int:
    """Return how many rows at the top of a table are headings; 0 where nothing says that one is.

    All rows are of one width; title rows are not among them. `hint`: the format has a heading row
    by default, or the first row looks like one, as bold text does.
    """
    rows = rows[:SAMPLED_ROWS]
    width = len(rows[0]) if rows else 0
    if len(rows) < 2 or width == 0:
        return 0
    if width == 1:
        return _of_single_column([row[0] for row in rows], hint=hint)
    # Below three heading rows, where there are so many.
    lower = rows[min(MAX_HEADING_ROWS, len(rows) // 2) :]
    kinds = [_common_kind([row[column] for row in lower]) for column in range(width)]
    typed = [column for column, kind in enumerate(kinds) if kind in _TYPED]
    first_data = next(
        (at for at, row in enumerate(rows) if any(_fits(row[c], kinds[c]) for c in typed)), 0
    )
    if typed and first_data == 0:
        return 0
    if any(_is_no_name(cell) for cell in rows[0]) or _are_pairs(rows):
        return 0
    limit = min(MAX_HEADING_ROWS, first_data or MAX_HEADING_ROWS, len(rows) - 1)
    count = 1
    while count < limit and _continues(rows[count - 1], rows[count], is_typed=bool(typed)):
        count += 1
    body = rows[count:]
    # The lowest of its headings tells a column's data from its name best.
    lowest = [next((row[c] for row in rows[count - 1 :: -1] if row[c]), "") for c in range(width)]
    score = _score(lowest, body, hint=hint)
    if width == 2:
        return count if _names_two_columns(lowest, body, score, hint=hint) else 0
    return count if score >= ENOUGH_EVIDENCE else 0


def known_headings(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows these are if all are headings, as the last is for sure; 0 if not."""
    fits = len(rows) <= MAX_HEADING_ROWS and all(
        _continues(above, row, is_typed=True) for above, row in pairwise(rows)
    )
    return len(rows) if fits else 0


def join_headings(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the name of each column: its headings from top to bottom ("2026 Part-time")."""
    if not rows:
        return []
    parts: list[list[str]] = [[] for _ in rows[0]]
    for index, row in enumerate(rows):
        below = rows[index + 1] if index + 1 < len(rows) else None
        for column, cell in enumerate(_filled_right(row, below)):
            text = " ".join(cell.split())
            if text and text not in parts[column]:
                parts[column].append(text)
    return [_shortened(" ".join(part)) for part in parts]


def _is_no_name(cell: str) -> bool:
    """Return whether a cell is too long a text for a heading; a question may be one."""
    return len(cell) > 2 * MAX_HEADING_CHARS or (is_sentence(cell) and not cell.endswith("?"))


def _are_pairs(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether all rows have labels in the columns 1, 3 and so on, and values behind them."""
    if len(rows[0]) < 4 or len(rows[0]) % 2:
        return False
    labels = [cell for row in rows for cell in row[::2] if cell]
    values = [cell for row in rows for cell in row[1::2] if cell]
    known = sum(map(_has_heading_word, labels))
    return 2 * known > len(labels) and not any(map(_has_heading_word, values))


def continues(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether rows below a line of their own may be under the same headings as those above.

    So it is in statements: the columns are periods, and all of them have numbers.
    """
    return (
        len(names) > 1
        and all(map(names_period, names[1:]))
        and all(kind_of(row[0]) is CellKind.WORDS for row in rows)
        and all(
            kind_of(cell) in (CellKind.NUMBER, CellKind.YEAR, CellKind.EMPTY)
            for row in rows
            for cell in row[1:]
        )
    )


def _of_single_column(cells: Sequence[str], *, hint: bool) -> int:
    """Return 1 if words stand above numbers or dates; a list of texts has no heading."""
    if len(cells) < 3 or kind_of(cells[0]) is not CellKind.WORDS or is_sentence(cells[0]):
        return 0
    return int(hint or _common_kind(cells[1:]) in (*_TYPED, CellKind.ADDRESS))


def _common_kind(cells: Sequence[str]) -> CellKind:
    """Return what most cells hold, WORDS if they disagree. Years may be among other numbers."""
    kinds = [kind for kind in map(kind_of, cells) if kind is not CellKind.EMPTY]
    if not kinds:
        return CellKind.EMPTY
    years, numbers = kinds.count(CellKind.YEAR), kinds.count(CellKind.NUMBER)
    if years + numbers >= AGREEING_SHARE * len(kinds):
        return CellKind.NUMBER if numbers >= years else CellKind.YEAR
    for kind in (CellKind.DATE, CellKind.FLAG, CellKind.ADDRESS, CellKind.CODE):
        if kinds.count(kind) >= AGREEING_SHARE * len(kinds):
            return kind
    return CellKind.WORDS


def _fits(cell: str, common: CellKind) -> bool:
    """Return whether a cell is one of its column's numbers or dates rather than their name."""
    kind = kind_of(cell)
    # A year may name a column of other numbers, and a number stands among years.
    return kind is common or (kind is CellKind.NUMBER and common is CellKind.YEAR)


def _names_two_columns(
    names: Sequence[str], body: Sequence[Sequence[str]], score: int, *, hint: bool
) -> bool:
    """Return whether the first of two columns' rows is a heading, not a label and its value.

    "Company | Noordzee BV", "Turbines | 54": such rows read well as they are, and badly if the
    first named the others.
    """
    label, value = names
    if label.rstrip().endswith(":") or _VALUE_WORDS.fullmatch(value.strip()):
        return False
    cells = [row[1] for row in body]
    labels = [_has_heading_word(row[0]) for row in body]
    if _common_kind(cells) not in _TYPED:
        return score >= ENOUGH_EVIDENCE and 2 * sum(labels) < len(labels)
    if hint or _has_heading_word(value) or names_period(value) or re.search(r"[(\[%€$£]", value):
        return True
    alike = len({re.sub(r"[\d.,'\s-]+", "", cell) for cell in cells if cell}) == 1
    return alike and len(cells) >= MIN_SURE_ROWS and not any(labels)


def _score(names: Sequence[str], body: Sequence[Sequence[str]], *, hint: bool) -> int:
    """Return the evidence that columns have these names; nothing or less is none."""
    if names[0].rstrip().endswith(":"):
        return -1
    return ENOUGH_EVIDENCE * hint + sum(
        _column_score(name, [row[at] for row in body if row[at]], is_key=at == 0)
        for at, name in enumerate(names)
    )


def _column_score(heading: str, cells: Sequence[str], *, is_key: bool) -> int:
    """Return what one column says about its first cell: positive for a heading above data."""
    if not cells:
        return 0
    if not heading:
        return 0 if is_key else -1
    kind, head = _common_kind(cells), kind_of(heading)
    if head is CellKind.EMPTY:  # "n/a"
        return -1
    if kind in (CellKind.FLAG, CellKind.ADDRESS, CellKind.CODE):
        return -2 if head is kind else 2 if head is CellKind.WORDS else 1
    if kind in _TYPED:
        return -2 if _fits(heading, kind) else 2
    if head is not CellKind.WORDS and not names_period(heading):
        return -1
    if heading.casefold() in {cell.casefold() for cell in cells}:
        return -2  # one of the values that repeat
    score = int(_has_heading_word(heading))
    score += len(set(cells)) <= 0.6 * len(cells)
    score += sum(map(len, cells)) / len(cells) >= max(LONG_TEXT_CHARS, 2.5 * len(heading))
    score += _share_a_part(cells) and not _share_a_part([*cells, heading])
    score += heading.isupper() and not any(map(str.isupper, cells))
    return int(score)


def _has_heading_word(heading: str) -> bool:
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)?", heading.casefold())
    return any(word in HEADING_WORDS for word in words) or bool(HEADING_SIGNS.search(heading))


def _share_a_part(cells: Sequence[str]) -> bool:
    """Return whether all cells begin or end alike ("Depot 1", "Depot 2")."""
    distinct = list(dict.fromkeys(cells))[:20]
    return len(distinct) > 1 and (
        len({cell[:3] for cell in distinct}) == 1 or len({cell[-2:] for cell in distinct}) == 1
    )


def _continues(above: Sequence[str], row: Sequence[str], *, is_typed: bool) -> bool:
    """Return whether a row is another heading row below one."""
    plain = [cell for cell in row if cell and not isinstance(cell, Across | Below)]
    if len(plain) < 2 and not any(isinstance(cell, Below) for cell in row):
        return False  # the name of a section
    if not plain or any(kind_of(cell) is CellKind.NUMBER or is_sentence(cell) for cell in plain):
        return False
    if any(isinstance(cell, Across) for cell in above):
        return True
    key_is_free = not row[0] or isinstance(row[0], Below)
    if is_typed and any(not cell for cell in above[1:]) and (key_is_free or not above[0]):
        return True  # "2025 | | 2026 |" above "Full-time | Part-time | …"
    units = [cell for cell in row[1:] if cell]
    return is_typed and key_is_free and all(map(_UNIT.fullmatch, map(str.strip, units)))


def _filled_right(row: Sequence[str], below: Sequence[str] | None) -> list[str]:
    """Return an upper heading row with each heading over all columns that it is meant for."""
    filled = list(row)
    if below is None or any(isinstance(cell, Across) for cell in row):
        return filled
    for column in range(1, len(filled)):
        if not filled[column] and below[column] and below[column - 1]:
            filled[column] = filled[column - 1]
    return filled


def _shortened(name: str) -> str:
    if len(name) <= MAX_HEADING_CHARS:
        return name
    return name[: MAX_HEADING_CHARS - 1].rstrip() + "…"
