"""Reads the text of pictures with Tesseract.

`read_picture` returns pieces of lines with their places, as `pdf_text` does for a PDF's own text,
so that columns and tables are found by the same code.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import Any

from PIL import Image

from jobs.extraction.readers import ocr_data, ocr_image
from jobs.extraction.readers.pdf_text import WIDEST_SPACE, PageText, Piece
from jobs.extraction.resource_limits import PICTURES_SECONDS

# One page takes no longer; what was read of it by then is kept.
PAGE_SECONDS = 20
# Below this, a page may be upside down or full of specks: another look is worth its time.
SURE_PERCENT = 85
LOST_PERCENT = 60
DOUBTFUL_PERCENT = 75
# What Tesseract sees in stains and photographs, where it is not at all sure.
MIN_WORD_PERCENT = 20
TURNS = (180, 90, 270)
# Lines of nearly the same height are of the same height: letters with a tail make some higher.
SAME_HEIGHT = 0.25
WIDTH_POINTS = 595.0  # of A4, for a picture that does not say how large it is


@dataclass(frozen=True, slots=True)
class PictureText:
    """The text of a picture, and how sure Tesseract is of it, in percent."""

    page: PageText
    confidence: int
    is_blank: bool = False

    @property
    def is_doubtful(self) -> bool:
        return not self.is_blank and self.confidence < DOUBTFUL_PERCENT


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    confidence: float
    box: tuple[int, int, int, int]
    line: tuple[int, int]  # top and bottom


class Budget:
    """The time that one document has for its pictures."""

    def __init__(self) -> None:
        self._end = time.monotonic() + PICTURES_SECONDS

    @property
    def is_spent(self) -> bool:
        return time.monotonic() > self._end


def is_available() -> bool:
    """Return whether the data of the languages is there; else see `ocr_data.advice`."""
    return ocr_data.folder(ocr_data.languages()) is not None


def read_picture(image: Image.Image, width: float = WIDTH_POINTS) -> PictureText:
    """Return the text of a picture; `width` is that of the page, in points.

    A picture of a page that lies on its side or upside down is turned.
    """
    grey = ocr_image.in_grey(image)
    if ocr_image.is_blank(grey):
        return PictureText(PageText([], width, width * grey.height / grey.width), 0, True)
    grey = ocr_image.evenly_lit(grey)
    is_grainy = ocr_image.is_noisy(grey)
    if is_grainy:
        grey = ocr_image.without_grain(grey)
    looks = [_look(grey)]
    if _confidence(looks[0][1]) < LOST_PERCENT or _is_on_its_side(looks[0][1]):
        turned = [grey.rotate(degrees, expand=True) for degrees in _turns(grey)]
        grey, look = max(
            [(grey, looks[0]), *((each, _look(each)) for each in turned)],
            key=lambda pair: _value(pair[1][1]) * (not _is_on_its_side(pair[1][1])),
        )
        looks = [look]
    if _confidence(looks[0][1]) < SURE_PERCENT and not is_grainy:
        looks.append(_look(ocr_image.without_specks(grey)))
    size, words = max(looks, key=lambda look: _value(look[1]))
    return PictureText(_page(words, *size, width), round(_confidence(words)))


def _look(grey: Image.Image) -> tuple[tuple[int, int], list[_Word]]:
    """Return the size of the levelled picture, and its words."""
    grey = ocr_image.level(ocr_image.enlarged(grey))
    api = _tesseract(ocr_data.languages())
    _show(api, grey)
    api.Recognize(PAGE_SECONDS * 1000)
    return grey.size, [word for word in _words(api) if word.confidence >= MIN_WORD_PERCENT]


def _confidence(words: list[_Word]) -> float:
    """Return the mean confidence of the letters; 0 without any."""
    letters = sum(len(word.text) for word in words)
    return sum(len(word.text) * word.confidence for word in words) / max(1, letters)


def _value(words: list[_Word]) -> float:
    """Return what a look is worth: many letters, of which Tesseract is sure."""
    return sum(len(word.text) * max(0.0, word.confidence - 50) for word in words)


def _is_on_its_side(words: list[_Word]) -> bool:
    long = [word.box for word in words if len(word.text) > 3]
    return 2 * sum(bottom - top > right - left for left, top, right, bottom in long) > len(long)


def _turns(grey: Image.Image) -> tuple[int, ...]:
    """Return by how many degrees a page may have to be turned, counter-clockwise."""
    if ocr_data.folder(ocr_data.ORIENTATION) is None:
        return TURNS
    api = _tesseract(ocr_data.ORIENTATION)
    _show(api, ocr_image.enlarged(grey))
    found = api.DetectOrientationScript()
    if found is None:  # too few letters
        return TURNS
    return (int(found["orient_deg"]),) if found["orient_deg"] else ()


@cache
def _tesseract(languages: str) -> Any:
    """Return Tesseract for these languages, or for the orientation of pages."""
    import tesserocr

    tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)
    is_orientation = languages == ocr_data.ORIENTATION
    api = tesserocr.PyTessBaseAPI(
        path=str(ocr_data.folder(languages)),
        lang=languages,
        psm=tesserocr.PSM.OSD_ONLY if is_orientation else tesserocr.PSM.AUTO,
        oem=tesserocr.OEM.TESSERACT_ONLY if is_orientation else tesserocr.OEM.LSTM_ONLY,
    )
    # Some data name /dev/null, which cannot be opened here; Tesseract would crash.
    api.SetVariable("debug_file", "")
    return api


def _show(api: Any, grey: Image.Image) -> None:
    api.SetImageBytes(grey.tobytes(), grey.width, grey.height, 1, grey.width)
    api.SetSourceResolution(300 if max(grey.size) > 2 * ocr_image.SMALLEST else 200)


def _words(api: Any) -> Iterator[_Word]:
    from tesserocr import RIL

    found = api.GetIterator()
    if found is None:
        return
    while True:
        box = None if found.Empty(RIL.WORD) else found.BoundingBox(RIL.WORD)
        if box and (text := found.GetUTF8Text(RIL.WORD).strip()):
            yield _Word(text, found.Confidence(RIL.WORD), box, _line_of(found, RIL))
        if not found.Next(RIL.WORD):
            return


def _line_of(found: Any, levels: Any) -> tuple[int, int]:
    """Return top and bottom of the line around a word, whichever letters stand in it."""
    _, top, _, bottom = found.BoundingBox(levels.TEXTLINE)
    baseline, row = found.Baseline(levels.TEXTLINE), found.RowAttributes()
    if baseline is None or row["row_height"] <= 0:
        return top, bottom
    bottom = round((baseline[0][1] + baseline[1][1]) / 2 - row["descenders"])
    return round(bottom - row["row_height"]), bottom


def _page(words: list[_Word], width: int, height: int, points: float) -> PageText:
    """Return words as pieces of lines, in points from the upper left corner."""
    scale = points / width
    pieces: list[Piece] = []
    line: tuple[int, int] | None = None
    for word in words:
        left, _, right, _ = (edge * scale for edge in word.box)
        top, bottom = (edge * scale for edge in word.line)
        last = pieces[-1] if pieces else None
        if last is not None and word.line == line and _goes_on(last, left):
            last.text += f" {word.text}"
            last.right = max(last.right, right)
        else:
            pieces.append(Piece(word.text, left, top, right, bottom))
        line = word.line
    return PageText(_evened(pieces), points, height * scale)


def _goes_on(last: Piece, left: float) -> bool:
    return -last.height < left - last.right < WIDEST_SPACE * last.height


def _evened(pieces: list[Piece]) -> list[Piece]:
    """Return pieces with the height that most have, if theirs is nearly that."""
    usual = median(piece.height for piece in pieces) if pieces else 0.0
    return [
        replace(piece, top=piece.middle - usual / 2, bottom=piece.middle + usual / 2)
        if abs(piece.height - usual) < SAME_HEIGHT * usual
        else piece
        for piece in pieces
    ]
