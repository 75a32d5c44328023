"""Finds a passage on its page, by letters and digits alone. Works on text; reads no file.

The passage was made of the page, but not as it stands there: white space, hyphens at line ends,
ligatures and accents that follow their letter are others, a row of a table repeats its headings,
and the page may have more in between, such as a footer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

Span = tuple[int, int]

# So many equal letters in a row are no coincidence; close behind a match, fewer will do.
SEED_LETTERS = 24
NEAR_SEED_LETTERS = 8
NEAR_LETTERS = 80
# The gap between two matches that are marked as one: a character that the two programs read
# differently, or the number of a footnote.
BRIDGED_LETTERS = 12
MAX_OCCURRENCES = 50
# A passage of which less is found may be rows of a table.
FOUND_SHARE = 0.5
MIN_ROW_LETTERS = 4


def find_passage(page: Sequence[str], passage: str) -> tuple[list[Span], float]:
    """Find a passage on a page, which is given as its characters.

    Returns half-open spans of positions on the page, in reading order, and the share of the passage
    that they cover, from 0 to 1.
    """
    key, positions = _letters(page)
    wanted, _ = _letters(passage)
    if not wanted:
        return [], 0.0
    found = list(_matches(key, wanted))
    share = sum(end - start for start, end in found) / len(wanted)
    if share < FOUND_SHARE:
        rows, share_of_rows = _rows(key, passage)
        if share_of_rows > share:
            found, share = rows, share_of_rows
    spans = _joined(sorted(found))
    return [(positions[start], positions[end - 1] + 1) for start, end in spans], min(share, 1.0)


def _letters(text: Sequence[str]) -> tuple[str, list[int]]:
    """Return the letters and digits of a text, casefolded, and the position of each.

    Decomposed (NFKD): a page may have its accents apart, where the passage has them composed.
    """
    letters: list[str] = []
    positions: list[int] = []
    for position, character in enumerate(text):
        for letter in unicodedata.normalize("NFKD", character).casefold():
            if letter.isalnum():
                letters.append(letter)
                positions.append(position)
    return "".join(letters), positions


def _matches(page: str, wanted: str) -> Iterator[Span]:
    """Yield spans of the page that follow each other in `wanted` as well."""
    at, end = 0, 0
    while at < len(wanted):
        start = (
            page.find(wanted[at : at + NEAR_SEED_LETTERS], end, end + NEAR_LETTERS) if end else -1
        )
        if start < 0 or len(wanted) - at < NEAR_SEED_LETTERS:
            start = _longest_match(page, wanted, at)
        if start < 0:
            at += 1
            continue
        length = _match_length(page, start, wanted, at)
        yield start, start + length
        at, end = at + length, start + length


def _longest_match(page: str, wanted: str, at: int) -> int:
    """Return where on the page the longest match of `wanted` from `at` on begins; -1 for none."""
    seed = wanted[at : at + SEED_LETTERS]
    if len(seed) < min(SEED_LETTERS, len(wanted)):
        return -1
    best, longest, start = -1, 0, page.find(seed)
    for _ in range(MAX_OCCURRENCES):
        if start < 0:
            break
        length = _match_length(page, start, wanted, at)
        if length > longest:
            best, longest = start, length
        start = page.find(seed, start + 1)
    return best


def _match_length(page: str, start: int, wanted: str, at: int) -> int:
    most = min(len(page) - start, len(wanted) - at)
    return next(
        (length for length in range(most) if page[start + length] != wanted[at + length]), most
    )


def _rows(page: str, passage: str) -> tuple[list[Span], float]:
    """Find the rows of a table by their values: a page has the names of columns only once.

    Returns spans and the share of the values that they cover.
    """
    found: list[Span] = []
    wanted = 0
    for line in passage.splitlines():
        values = [part.partition(": ")[2] or part for part in line.split("; ")]
        key, _ = _letters("".join(values))
        wanted += len(key)
        start = page.find(key) if len(key) >= MIN_ROW_LETTERS else -1
        if start >= 0:
            found.append((start, start + len(key)))
    return found, sum(end - start for start, end in found) / max(1, wanted)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and start - joined[-1][1] <= BRIDGED_LETTERS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
