"""Text that runs from right to left, from where its letters stand.

PDFs hold the letters of Hebrew and Arabic in the order in which a program drew them: that of
reading, or from left to right. Where they stand is certain, so that is what counts. The rules are
those of the Unicode Bidirectional Algorithm (UAX #9), the other way round.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_LETTER = re.compile(r"[^\W\d_]")
# What belongs to a number between two of its digits.
_IN_NUMBERS = ".,:/-+'\u2019\u066b\u066c"
_MIRRORED = dict(zip("()[]{}«»", ")(][}{»«", strict=True))
_CLOSING = ")]}»"
_LAM, _ALEFS = "\u0644", "\u0627\u0623\u0625\u0622"


class Glyph(NamedTuple):
    """A character, its place, and its index in the text of its page (`at`)."""

    character: str
    left: float
    top: float
    right: float
    bottom: float
    at: int

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def is_right_to_left(text: str) -> bool:
    """Return whether most letters of a text run from right to left."""
    if text.isascii():
        return False
    return 2 * len(RIGHT_TO_LEFT.findall(text)) > len(_LETTER.findall(text))


def in_reading_order(glyphs: Sequence[Glyph], *, is_rtl: bool) -> list[Glyph]:
    """Return the characters of a line in the order in which they are read.

    `is_rtl` is the direction of the paragraph.
    """
    placed = _placed(glyphs)
    if is_rtl:
        return _right_to_left(placed)
    ordered: list[Glyph] = []
    at = 0
    while at < len(placed):
        end = _end_of_rtl(placed, at)
        ordered += _right_to_left(placed[at:end]) if end > at else [placed[at]]
        at = max(end, at + 1)
    return ordered


def _placed(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Return characters from left to right, and marks right before the letter that they are on."""
    marks = [glyph for glyph in glyphs if unicodedata.combining(glyph.character)]
    bases = sorted(
        (glyph for glyph in glyphs if not unicodedata.combining(glyph.character)),
        key=lambda glyph: glyph.middle,
    )
    if not marks or not bases:
        return bases or list(glyphs)
    on: dict[int, list[Glyph]] = {}
    letters = [number for number, base in enumerate(bases) if not base.character.isspace()]
    letters = letters or list(range(len(bases)))
    middles = [bases[number].middle for number in letters]
    for mark in marks:
        at = bisect_left(middles, mark.middle)
        near = [number for number in (at - 1, at) if 0 <= number < len(middles)]
        nearest = near[0]
        if len(near) > 1 and middles[at] - mark.middle < mark.middle - middles[at - 1]:
            nearest = at
        on.setdefault(letters[nearest], []).append(mark)
    # The order is turned later on, so that marks follow their letters.
    return [
        glyph
        for number, base in enumerate(bases)
        for glyph in (*reversed(on.get(number, ())), base)
    ]


def _right_to_left(placed: Sequence[Glyph]) -> list[Glyph]:
    parts: list[tuple[list[Glyph], bool]] = []
    at = 0
    while at < len(placed):
        end = _end_of_ltr(placed, at)
        if end > at:
            parts.append((list(placed[at:end]), True))
        else:
            parts.append(([placed[at]], False))
        at = max(end, at + 1)
    first = next(
        (
            part[0].character
            for part, is_ltr in reversed(parts)
            if not is_ltr and part[0].character in _MIRRORED
        ),
        "",
    )
    # The pictures of brackets are mirrored, and some programs say so by their characters.
    is_mirrored = bool(first) and first in _CLOSING
    ordered: list[Glyph] = []
    for part, is_ltr in reversed(parts):
        if is_mirrored and not is_ltr:
            part = [part[0]._replace(character=_MIRRORED.get(part[0].character, part[0].character))]
        ordered += part
    return _with_ligatures(ordered)


def _with_ligatures(ordered: list[Glyph]) -> list[Glyph]:
    """Put lam before alef where both stand in one place, as one sign."""
    for at in range(len(ordered) - 1):
        one, other = ordered[at], ordered[at + 1]
        is_pair = one.character in _ALEFS and other.character == _LAM
        if is_pair and abs(one.middle - other.middle) < 0.2 * (one.right - one.left):
            ordered[at], ordered[at + 1] = other, one
    return ordered


def _is_ltr(character: str) -> bool:
    return character.isdigit() or bool(
        _LETTER.match(character) and not RIGHT_TO_LEFT.match(character)
    )


def _end_of_ltr(placed: Sequence[Glyph], start: int) -> int:
    """Return where the words or the number end that begin here; `start` if none do."""
    end, at, has_letter = start, start, False
    while at < len(placed):
        character = placed[at].character
        if _is_ltr(character):
            if at > end > start and not has_letter:
                between = placed[end:at]
                if len(between) > 1 or between[0].character not in _IN_NUMBERS:
                    break
            has_letter = has_letter or not character.isdigit()
            end = at + 1
        elif end == start or RIGHT_TO_LEFT.match(character):
            break
        at += 1
    return end


def _end_of_rtl(placed: Sequence[Glyph], start: int) -> int:
    """Return where the words from right to left end that begin here; `start` if none do."""
    end, at = start, start
    while at < len(placed):
        character = placed[at].character
        if RIGHT_TO_LEFT.match(character):
            end = at + 1
        elif end == start or (_is_ltr(character) and not character.isdigit()):
            break
        at += 1
    return end
