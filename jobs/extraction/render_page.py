"""Draws a page of a PDF with a passage marked, in a child process.

`python -m jobs.extraction.render_page FILE PAGE MEMORY_MB SECONDS` reads the passage from its
standard input. It prints a line of JSON with the number of pages and the share of the passage that
was found, then the picture in Base64, in lines. See `jobs.documents.page_images`.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.extraction.find_passage import Span, find_passage
from jobs.extraction.resource_limits import OUT_OF_MEMORY_EXIT, UNREADABLE_EXIT, limit_resources

WIDTH_PIXELS = 1200
MAX_HEIGHT_PIXELS = 3000
MAX_CHARACTERS = 100_000
LINE_BYTES = 48 * 1024
# Text is sharpest as PNG; a scan is many times smaller as JPEG.
MAX_PNG_BYTES = 1_000_000
JPEG_QUALITY = 85
MARK = (255, 225, 92)
BAR = (214, 138, 0)
BAR_PIXELS = 6
GAP_PIXELS = 80
MARGIN_PIXELS = 3

Box = tuple[int, int, int, int]


def draw(path: Path, number: int, passage: str) -> tuple[int, float, bytes]:
    """Return the number of pages, the share of the passage found, and the picture as PNG or JPEG.

    `number` counts pages from 1. Raises ValueError if there is no such page, MemoryError, or a
    RuntimeError of pypdfium2.
    """
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    pages = len(document)
    if not 1 <= number <= pages:
        raise ValueError(f"there is no page {number} of {pages}")
    page = document[number - 1]
    bitmap = page.render(scale=_scale(*page.get_size()), rev_byteorder=True)
    text = page.get_textpage()
    spans, share = find_passage(_characters(text), passage)
    image = bitmap.to_pil().convert("RGB")
    _mark(image, _boxes(text, spans, bitmap.get_posconv(page)))
    return pages, share, _encoded(image)


def _scale(width: float, height: float) -> float:
    if width <= 0 or height <= 0:
        raise ValueError("the page has no size")
    return min(WIDTH_PIXELS / width, MAX_HEIGHT_PIXELS / height)


def _characters(text: Any) -> Sequence[str]:
    """Return the characters of a page, by PDFium's indexes."""
    import pypdfium2.raw

    count = min(text.count_chars(), MAX_CHARACTERS)
    codes = (pypdfium2.raw.FPDFText_GetUnicode(text, index) for index in range(count))
    return [chr(code) if code < 0x110000 else " " for code in codes]


def _boxes(text: Any, spans: Sequence[Span], convert: Any) -> list[Box]:
    """Return the rectangles of the spans in pixels, one for each line of text or part of one."""
    boxes = []
    for start, end in spans:
        for index in range(text.count_rects(start, end - start)):
            left, bottom, right, top = text.get_rect(index)
            (x0, y0), (x1, y1) = convert.to_bitmap(left, bottom), convert.to_bitmap(right, top)
            boxes.append((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
    return boxes


def _mark(image: Any, boxes: Sequence[Box]) -> None:
    """Highlight the rectangles as a marker pen would, with a bar in the margin beside them."""
    from PIL import Image, ImageChops, ImageDraw

    if not boxes:
        return
    paper = Image.new("RGB", image.size, "white")
    pen = ImageDraw.Draw(paper)
    for x0, y0, x1, y1 in boxes:
        margin = MARGIN_PIXELS
        pen.rectangle((x0 - margin, y0 - margin, x1 + margin, y1 + margin), fill=MARK)
    image.paste(ImageChops.multiply(image, paper))
    left = max(0, min(box[0] for box in boxes) - 4 * BAR_PIXELS)
    pen = ImageDraw.Draw(image)
    for top, bottom in _line_runs(boxes):
        bar = (left, top - MARGIN_PIXELS, left + BAR_PIXELS, bottom + MARGIN_PIXELS)
        pen.rectangle(bar, fill=BAR)


def _line_runs(boxes: Sequence[Box]) -> list[tuple[int, int]]:
    """Return top and bottom of each run of lines without a large gap."""
    runs: list[tuple[int, int]] = []
    for top, bottom in sorted((box[1], box[3]) for box in boxes):
        if runs and top - runs[-1][1] < GAP_PIXELS:
            runs[-1] = (runs[-1][0], max(runs[-1][1], bottom))
        else:
            runs.append((top, bottom))
    return runs


def _encoded(image: Any) -> bytes:
    png = io.BytesIO()
    image.save(png, "PNG")
    if png.tell() <= MAX_PNG_BYTES:
        return png.getvalue()
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=JPEG_QUALITY)
    return min(png.getvalue(), jpeg.getvalue(), key=len)


def main(arguments: list[str]) -> int:
    """Draw one page within limits; the exit code says what went wrong."""
    path, page, memory_mb, seconds = arguments
    limit_resources(int(memory_mb), int(seconds))
    passage = sys.stdin.buffer.read().decode()
    try:
        pages, share, picture = draw(Path(path), int(page), passage)
    except MemoryError:
        return OUT_OF_MEMORY_EXIT
    except (OSError, RuntimeError, ValueError) as error:
        sys.stderr.write(str(error))
        return UNREADABLE_EXIT
    sys.stdout.write(json.dumps([pages, share]) + "\n")
    for start in range(0, len(picture), LINE_BYTES):
        sys.stdout.write(base64.b64encode(picture[start : start + LINE_BYTES]).decode() + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
