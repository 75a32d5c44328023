"""Draws a page of a PDF with a passage marked, or a picture, in a child process.

`python -m jobs.extraction.render_page FILE PAGE MEMORY_MB SECONDS` reads the passage from its
standard input. It prints a line of JSON with the number of pages and the share of the passage that
was found, then the picture in Base64, in lines. See `jobs.documents.page_images`.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jobs.extraction.confinement import confine
from jobs.extraction.file_types import PDF_SIGNATURE_WITHIN, is_pdf
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

# Between words, and between the lines of a paragraph, are so many characters at most.
MAX_GAP_CHARACTERS = 3

Box = tuple[int, int, int, int]
# PDFium's index of a character, or the rectangle of the field whose value it belongs to, in points.
Place = int | tuple[float, float, float, float]


def draw(path: Path, number: int, passage: str) -> tuple[int, float, bytes]:
    """Return the number of pages, the share of the passage found, and the picture as PNG or JPEG.

    `number` counts pages from 1. Raises ValueError if there is no such page, MemoryError, or a
    RuntimeError of pypdfium2.
    """
    import pypdfium2

    with path.open("rb") as file:
        if not is_pdf(file.read(PDF_SIGNATURE_WITHIN)):
            return _draw_picture(path, number)
    document = pypdfium2.PdfDocument(path)
    document.init_forms()  # or fields are shown without their values
    pages = len(document)
    if not 1 <= number <= pages:
        raise ValueError(f"there is no page {number} of {pages}")
    page = document[number - 1]
    bitmap = page.render(scale=_scale(*page.get_size()), rev_byteorder=True)
    characters, places = _reading_order(page)
    spans, share = find_passage(characters, passage)
    image = bitmap.to_pil().convert("RGB")
    _mark(image, _boxes(page, [places[start:end] for start, end in spans], image.width))
    return pages, share, _encoded(image)


def _draw_picture(path: Path, number: int) -> tuple[int, float, bytes]:
    """Draw a page of a picture, on which nothing is marked."""
    from jobs.extraction.readers.picture_file import flattened, opened, page_count, page_image

    picture = opened(path.read_bytes())
    image = flattened(page_image(picture, number, MAX_HEIGHT_PIXELS))
    image.thumbnail((WIDTH_PIXELS, MAX_HEIGHT_PIXELS))
    return page_count(picture), 0.0, _encoded(image)


def _scale(width: float, height: float) -> float:
    if width <= 0 or height <= 0:
        raise ValueError("the page has no size")
    return min(WIDTH_PIXELS / width, MAX_HEIGHT_PIXELS / height)


def _reading_order(page: Any) -> tuple[str, list[Place]]:
    """Return the characters of a page as they were read, one after the other, and their places."""
    from jobs.extraction.readers.pdf_annotations import beside, page_annotations
    from jobs.extraction.readers.pdf_columns import reading_order
    from jobs.extraction.readers.pdf_lines import page_text

    page_of = page_text(page)
    pieces = page_of.pieces + beside(page_annotations(page).values, page_of.pieces)
    parts = reading_order(pieces, page_of.width, page_of.height)
    characters: list[str] = []
    places: list[Place] = []
    for piece in (piece for part in parts for row in part for piece in row):
        if piece.indexes:
            characters += piece.text
            places += piece.indexes
        elif piece.end:
            characters += page_of.content[piece.start : piece.end]
            places += range(piece.start, piece.end)
        else:
            characters += piece.text
            box = (piece.left, piece.top, piece.right, piece.bottom)
            places += [box] * len(piece.text)
    return "".join(characters[:MAX_CHARACTERS]), places


def _boxes(page: Any, found: Sequence[Sequence[Place]], width_pixels: int) -> list[Box]:
    """Return the rectangles of places in pixels, one for each line of text or part of one."""
    from jobs.extraction.readers.pdf_lines import visible_area

    area = visible_area(page)
    scale = width_pixels / area.size[0]
    boxes: dict[tuple[float, ...], None] = {}
    text = page.get_textpage()
    for places in found:
        indexes = [place for place in places if isinstance(place, int)]
        boxes |= dict.fromkeys(place for place in places if not isinstance(place, int))
        for start, end in _runs(indexes):
            for number in range(text.count_rects(start, end - start)):
                boxes[area.box(*text.get_rect(number))] = None
    return [
        (round(left * scale), round(top * scale), round(right * scale), round(bottom * scale))
        for left, top, right, bottom in boxes
    ]


def _runs(indexes: Sequence[int]) -> Iterator[Span]:
    """Yield half-open spans of indexes that follow each other, over the spaces between words."""
    runs: list[list[int]] = []
    for index in indexes:
        if runs and runs[-1][1] <= index <= runs[-1][1] + MAX_GAP_CHARACTERS:
            runs[-1][1] = index + 1
        else:
            runs.append([index, index + 1])
    yield from ((start, end) for start, end in runs)


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
    confine([path])
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
