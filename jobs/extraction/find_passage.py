"""Finds a passage again on a page, by its letters and digits alone. Rules on text; reads no file.

A passage and the text of its page come from two programs: they differ in white space, hyphens at
the ends of lines, ligatures, and in what stands between (a footer, a number of a page).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

Span = tuple[int, int]

# So many letters in a row are no accident; behind what was found, fewer will do.
SEED_LETTERS = 24
NEAR_SEED_LETTERS = 8
NEAR_LETTERS = 80
# Between two finds: a character that the two programs read differently, or a footnote's number.
BRIDGED_LETTERS = 12
MAX_OCCURRENCES = 50


def find_passage(page: Sequence[str], passage: str) -> tuple[list[Span], float]:
    """Where a passage stands on a page, given as its characters.

    Returns spans of positions on the page, in reading order, each up to but without its second
    number; and the share of the passage that they cover, from 0 to 1.
    """
    key, positions = _letters(page)
    wanted, _ = _letters(passage)
    if not wanted:
        return [], 0.0
    found = list(_matches(key, wanted))
    share = sum(end - start for start, end in found) / len(wanted)
    spans = _joined(sorted(found))
    return [(positions[start], positions[end - 1] + 1) for start, end in spans], min(share, 1.0)


def _letters(text: Sequence[str]) -> tuple[str, list[int]]:
    """The letters and digits of a text, without case and ligatures, and where each stands."""
    letters: list[str] = []
    positions: list[int] = []
    for position, character in enumerate(text):
        for letter in unicodedata.normalize("NFKC", character).casefold():
            if letter.isalnum():
                letters.append(letter)
                positions.append(position)
    return "".join(letters), positions


def _matches(page: str, wanted: str) -> Iterator[Span]:
    """Stretches of the page that follow each other in what is wanted as well."""
    at, end = 0, 0
    while at < len(wanted):
        start = (
            page.find(wanted[at : at + NEAR_SEED_LETTERS], end, end + NEAR_LETTERS) if end else -1
        )
        if start < 0 or len(wanted) - at < NEAR_SEED_LETTERS:
            start = _longest(page, wanted, at)
        if start < 0:
            at += 1
            continue
        length = _common(page, start, wanted, at)
        yield start, start + length
        at, end = at + length, start + length


def _longest(page: str, wanted: str, at: int) -> int:
    """Where most of what is wanted from here on stands on the page; -1 for nowhere."""
    seed = wanted[at : at + SEED_LETTERS]
    if len(seed) < min(SEED_LETTERS, len(wanted)):
        return -1
    best, longest, start = -1, 0, page.find(seed)
    for _ in range(MAX_OCCURRENCES):
        if start < 0:
            break
        length = _common(page, start, wanted, at)
        if length > longest:
            best, longest = start, length
        start = page.find(seed, start + 1)
    return best


def _common(page: str, start: int, wanted: str, at: int) -> int:
    most = min(len(page) - start, len(wanted) - at)
    return next(
        (length for length in range(most) if page[start + length] != wanted[at + length]), most
    )


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and start - joined[-1][1] <= BRIDGED_LETTERS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
