"""Which pages of a PDF are pictures, and how they are drawn to be read."""

from __future__ import annotations

from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

import pypdfium2.raw as pdfium

from jobs.extraction.readers.pdf_text import PageText

if TYPE_CHECKING:
    from PIL import Image

    from jobs.extraction.readers.ocr import PictureText

POINTS_PER_INCH = 72
# Pictures are drawn as they were scanned, within these; what is drawn by lines, as the last.
MIN_DPI, MAX_DPI, USUAL_DPI = 150, 400, 300
MAX_PIXELS = 24_000_000
# On a page that is a picture to this share, programs stamp so much: a number, a date, “Copy”.
SCAN_SHARE = 0.5
MAX_STAMP_CHARS = 200
MAX_IMAGES = 1000
# Text in a picture behind other text counts if it is so much more.
MORE_TEXT = 1.5


def is_stamped_scan(page: Any, text: PageText) -> bool:
    """Return whether a page is a picture with little text, such as a number or a stamp."""
    if any(seen > MAX_STAMP_CHARS for seen in accumulate(len(each.text) for each in text.pieces)):
        return False
    return _images_area(page) >= SCAN_SHARE * text.width * text.height


def shows_more(picture: PictureText, text: PageText) -> bool:
    """Return whether a picture of a page shows clearly more text than the page holds."""
    held = sum(len(piece.text) for piece in text.pieces)
    if held and picture.is_doubtful:
        return False
    return sum(len(piece.text) for piece in picture.page.pieces) > MORE_TEXT * held


def drawn(page: Any, text: PageText) -> Image.Image:
    """Return a page as a grey picture, without fields and comments, which are read apart."""
    scale = _dpi(page) / POINTS_PER_INCH
    pixels = text.width * text.height * scale**2
    scale *= min(1.0, (MAX_PIXELS / max(pixels, 1.0)) ** 0.5)
    bitmap = page.render(
        scale=scale, grayscale=True, draw_annots=False, may_draw_forms=False, optimize_mode=None
    )
    image: Image.Image = bitmap.to_pil()
    return image


def _images(page: Any) -> Any:
    found = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=4)
    return islice(found, MAX_IMAGES)


def _images_area(page: Any) -> float:
    """Return how much of a page pictures cover, in square points; strips of one add up."""
    area = 0.0
    for image in _images(page):
        left, bottom, right, top = image.get_bounds()
        area += max(0.0, right - left) * max(0.0, top - bottom)
    return area


def _dpi(page: Any) -> float:
    """Return the dots an inch of the finest picture on a page."""
    finest = 0.0
    for image in _images(page):
        left, _, right, _ = image.get_bounds()
        pixels, _ = image.get_px_size()
        finest = max(finest, POINTS_PER_INCH * pixels / max(right - left, 1.0))
    return min(max(finest, MIN_DPI), MAX_DPI) if finest else USUAL_DPI
