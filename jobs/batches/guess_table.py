"""Guesses about a table of questions: which row names the columns, which column asks, which sheet.

Whoever uploads a file sees the guesses and can correct them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Row = tuple[str, ...]

SNIFFED_ROWS = 50
# So far down may the names of the columns stand; each of these rows can be chosen.
MAX_HEADER_ROWS = 30
HEADER_CHARS = 40
# Of the rows below, so many ask, so that what stands above them is no question too.
ASKING_SHARE = 0.8

# What the column with questions is called, in the languages of most files; a questionnaire is none.
_QUESTION = re.compile(
    r"question(?!n)|\bquer(?:y|ies)\b|prompt|\bask\b|frage(?!b)|vraag|vragen|pregunta|pergunta"
    r"|domand[ae]|quesit[oi]|fråg[ao]r?|spørgsmål|spørsmål|kysymy|pytani[ae]|otázk|kérdés"
    r"|întreb|\bsoru|ερώτησ|вопрос|питання|въпрос|pitanj|问题|問題|問題|提问|質問|設問|질문|문항"
    r"|سؤال|أسئلة|שאל|प्रश्न|सवाल|คำถาม|câu hỏi|pertanyaan",
    re.IGNORECASE,
)
# The Greek question mark looks like a semicolon.
_ASKS = re.compile("[?？؟՞\u037e]" r"[\"'”’“»)\]」』\s]*$")
_NUMBER = re.compile(r"[\d.,:/%€$£ +-]+")


def names_questions(name: str) -> bool:
    """Return whether this is what a column of questions is called."""
    return len(name) <= HEADER_CHARS and not asks(name) and bool(_QUESTION.search(name))


def asks(cell: str) -> bool:
    """Return whether a cell ends with a question mark."""
    return bool(_ASKS.search(cell[-20:]))


def likely_header_row(rows: Sequence[Row]) -> int | None:
    """Return the position of the row that seems to name the columns; None if no row does.

    A title above the table, with empty rows or without, is not it. Where questions stand below a
    title alone, the title is.
    """
    firsts = list(_first_rows(rows))
    named = [
        row for row in firsts if any(map(names_questions, rows[row])) and _are_names(rows[row])
    ]
    wide = [row for row in firsts if _is_as_wide_as_below(rows, row)]
    for row in named:
        if row in wide:
            return row
    if wide and _are_names(rows[wide[0]]) and _stands_out(rows, wide[0]):
        return wide[0]
    title = _title_above_questions(rows)
    return named[0] if title is None and named else title


def _first_rows(rows: Sequence[Row]) -> Iterator[int]:
    """Yield the rows that could begin a table: no row of their block above has as many cells."""
    most = 0
    for row, cells in enumerate(rows[:MAX_HEADER_ROWS]):
        filled = sum(map(bool, cells))
        if filled > most:
            yield row
        most = max(most, filled) if filled else 0


def _are_names(cells: Row) -> bool:
    """Return whether a row holds short names, each another one, and no question or number."""
    names = [cell for cell in cells if cell]
    return (
        bool(names)
        and len({name.casefold() for name in names}) == len(names)
        and all(len(name) <= HEADER_CHARS and not asks(name) for name in names)
        and not any(_NUMBER.fullmatch(name) for name in names)
    )


def _is_as_wide_as_below(rows: Sequence[Row], row: int) -> bool:
    """Return whether a row has about as many cells as those below; a title has not."""
    below = _filled_below(rows, row)
    widest = max((sum(map(bool, cells)) for cells in below), default=0)
    return bool(below) and 2 * sum(map(bool, rows[row])) > widest


def _stands_out(rows: Sequence[Row], row: int) -> bool:
    """Return whether a row has several names, or one that is much shorter than what is below."""
    names = [cell for cell in rows[row] if cell]
    if len(names) > 1:
        return True
    lengths = [len(max(cells, key=len)) for cells in _filled_below(rows, row)]
    return min(lengths) > 2 * len(names[0])


def _filled_below(rows: Sequence[Row], row: int) -> list[Row]:
    return [cells for cells in rows[row + 1 : row + 1 + SNIFFED_ROWS] if any(cells)]


def _title_above_questions(rows: Sequence[Row]) -> int | None:
    """Return the last of the rows at the top that do not ask, if nearly all below do."""
    asking = [any(map(asks, cells)) for cells in rows[: MAX_HEADER_ROWS + SNIFFED_ROWS]]
    if True not in asking[1:MAX_HEADER_ROWS]:
        return None
    first = asking.index(True)
    below = [is_asking for is_asking, cells in zip(asking, rows, strict=False) if any(cells)]
    titles = sum(any(cells) for cells in rows[:first])
    below = below[titles:]
    if not titles or len(below) < 2 or sum(below) < ASKING_SHARE * len(below):
        return None
    title = max(row for row in range(first) if any(rows[row]))
    is_short = all(len(cell) <= HEADER_CHARS for cell in rows[title])
    is_apart = title < first - 1 or sum(map(bool, rows[title])) < sum(map(bool, rows[first]))
    return title if is_short or is_apart else None


def likely_column(rows: Sequence[Row], header_row: int | None) -> int:
    """Return the position of the column that seems to hold the questions."""
    start = 0 if header_row is None else header_row + 1
    body = rows[start : start + SNIFFED_ROWS]

    def score(column: int) -> tuple[bool, int, float]:
        cells = [row[column] for row in body if row[column]]
        length = sum(map(len, cells)) / len(cells) if cells else 0.0
        is_named = header_row is not None and names_questions(rows[header_row][column])
        return is_named and bool(cells), sum(map(asks, cells)), length

    return max(range(len(rows[0]) if rows else 0), key=score, default=0)


def sheet_score(name: str, rows: Sequence[Row]) -> tuple[bool, bool, int, int]:
    """Return how likely a sheet holds the questions, for comparison with others.

    A column of questions by name counts most, then the name of the sheet, then how many ask, then
    the number of rows.
    """
    header_row = likely_header_row(rows)
    column = likely_column(rows, header_row)
    start = 0 if header_row is None else header_row + 1
    named = header_row is not None and names_questions(rows[header_row][column])
    asking = sum(asks(row[column]) for row in rows[start:])
    return named, names_questions(name) and asking > 0, asking, len(rows)
