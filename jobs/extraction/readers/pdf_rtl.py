"""Lines of Hebrew and Arabic on a PDF's page, from the places of their letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jobs.extraction.readers.bidi import Glyph, in_reading_order, is_right_to_left
from jobs.extraction.readers.pdf_text import WIDEST_SPACE, Box, Piece

# The narrowest spaces between words, in heights of the line: where PDFium has none, where it has
# one, and where it has the letters in another order, so that it cannot tell.
SPACE_WITHOUT_SIGN, SPACE_WITH_SIGN, NARROWEST_SPACE = 0.2, 0.05, 0.12


class Boxes(Protocol):
    """Where characters stand on a page, and whether they are bold."""

    def of(self, index: int) -> Box: ...

    def is_bold(self, index: int) -> bool: ...


def rtl_pieces(
    boxes: Boxes, content: str, spans: Sequence[tuple[int, int]], *, is_rtl: bool
) -> list[Piece]:
    """Return the pieces of a line, parted at its gaps, which stands in some spans of `content`.

    `is_rtl` is the direction of the page.
    """
    glyphs = [
        Glyph(content[index], *boxes.of(index), index)
        for span in spans
        for index in range(*span)
        if not content[index].isspace()
    ]
    is_rtl = is_rtl or is_right_to_left("".join(glyph.character for glyph in glyphs))
    is_bold = boxes.is_bold(glyphs[0].at) and boxes.is_bold(glyphs[-1].at)
    pieces = []
    for part in _parts(glyphs, content):
        ordered = in_reading_order(part, is_rtl=is_rtl)
        pieces.append(
            Piece(
                "".join(glyph.character for glyph in ordered),
                min(glyph.left for glyph in part),
                min(glyph.top for glyph in part),
                max(glyph.right for glyph in part),
                max(glyph.bottom for glyph in part),
                is_bold,
                min(glyph.at for glyph in part),
                max(glyph.at for glyph in part) + 1,
                indexes=tuple(glyph.at for glyph in ordered),
            )
        )
    return pieces[::-1] if is_rtl else pieces


def _parts(glyphs: list[Glyph], content: str) -> list[list[Glyph]]:
    """Part a line at its gaps, from left to right, with spaces between its words.

    Where the direction changes, PDFium's own spaces stand beside other words: there, gaps count.
    """
    letters = sorted(glyphs, key=lambda glyph: glyph.left)
    height = max(glyph.bottom - glyph.top for glyph in letters)
    parts: list[list[Glyph]] = []
    last, reach = letters[0], letters[0].left
    for glyph in letters:
        gap = glyph.left - reach
        if not parts or gap > WIDEST_SPACE * height:
            parts.append([])
        elif gap > _narrowest_space(content, last.at, glyph.at) * height:
            parts[-1].append(glyph._replace(character=" ", left=reach, right=glyph.left))
        parts[-1].append(glyph)
        reach = max(reach, glyph.right) if len(parts[-1]) > 1 else glyph.right
        last = glyph
    return parts


def _narrowest_space(content: str, one: int, other: int) -> float:
    """Return from which gap on, in heights, there is a space between two letters."""
    start, end = sorted((one, other))
    if end - start == 1:
        return SPACE_WITHOUT_SIGN
    return SPACE_WITH_SIGN if content[start + 1 : end] == " " else NARROWEST_SPACE
