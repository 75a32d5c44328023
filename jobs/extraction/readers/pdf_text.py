"""The text of a page as pieces of lines with their places, whoever read it.

Places are in points from the upper left corner of the page as people see it: cropped and turned.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from jobs.normalization import normalize

SOFT_HYPHEN = "\u00ad"
# The widest space between words of one piece, in heights of the line: wider ones part columns.
WIDEST_SPACE = 0.9
# The turn of text that runs along no edge of the page, such as a watermark.
ASKEW = -1

# Ligatures and the shapes of Arabic letters: the letters they stand for are what people search.
_PRESENTATION_FORMS = re.compile("[\ufb00-\ufdfb\ufe70-\ufefc]")

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """The visible part of a page in PDF's coordinates, and by how many quarters it is turned."""

    left: float
    bottom: float
    right: float
    top: float
    quarters: int

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height of the page as people see it."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.quarters % 2 else (width, height)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Return where a rectangle stands on the visible page."""
        if self.quarters == 0:
            return left - self.left, self.top - top, right - self.left, self.top - bottom
        if self.quarters == 1:
            return bottom - self.bottom, left - self.left, top - self.bottom, right - self.left
        if self.quarters == 2:
            return self.right - right, bottom - self.bottom, self.right - left, top - self.bottom
        return self.top - top, self.right - right, self.top - bottom, self.right - left


@dataclass(slots=True)
class Piece:
    """Words that stand on one line without a gap between them, and their place on the page.

    `start` and `end` are PDFium's indexes of its characters; both are 0 for what is not among the
    page's own text, such as the value of a field; `indexes` are those of each of its characters,
    where they are read in another order. `turn` is the direction in which it is read, in
    quarter turns clockwise, or `ASKEW`.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    is_bold: bool = False
    start: int = 0
    end: int = 0
    turn: int = 0
    indexes: tuple[int, ...] = ()

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class PageText:
    """The pieces of a page in the order of its content, and its size.

    `content` is its characters by PDFium's indexes. `hidden` is how many pieces stand outside the
    visible part; `unmapped` is the share of characters, by a sample, whose font does not say which
    they are.
    """

    pieces: list[Piece]
    width: float
    height: float
    content: str = ""
    hidden: int = 0
    unmapped: float = 0.0


def readable(text: str) -> str:
    """Return a text with its ligatures resolved, in the composed form (NFC)."""
    if text.isascii():
        return text
    text = _PRESENTATION_FORMS.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    return normalize("NFC", text)
