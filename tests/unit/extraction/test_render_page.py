"""Where the marks lie on the picture of a page, and what the picture shows."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from jobs.extraction.render_page import MARK, draw
from tests import pdfs
from tests.unit.extraction.readers.test_pdf import field
from tests.unit.extraction.readers.test_pdf_columns import LEFT, RIGHT, row_by_row

SENTENCE = "The crane may lift 62 tonnes at the west quay."


def drawn(path: Path, data: bytes, passage: str) -> tuple[float, Image.Image]:
    path.write_bytes(data)
    _, share, picture = draw(path, 1, passage)
    return share, Image.open(io.BytesIO(picture)).convert("RGB")


def marked(image: Image.Image) -> tuple[float, float, float, float]:
    """The box around all marks, in shares of the picture's width and height."""
    pixels = image.load()
    assert pixels is not None
    points = [
        (x, y)
        for x in range(0, image.width, 2)
        for y in range(0, image.height, 2)
        if pixels[x, y] == MARK
    ]
    xs, ys = zip(*points, strict=True)
    return (
        min(xs) / image.width,
        min(ys) / image.height,
        max(xs) / image.width,
        max(ys) / image.height,
    )


def test_mark_lies_on_the_words_of_a_cropped_page(tmp_path: Path) -> None:
    """The picture begins where the crop does."""
    lines = [(60, 80, "A line above."), (60, 400, SENTENCE), (60, 420, "A last line.")]
    data = pdfs.cropped(pdfs.pages(lines), (40, 300, 440, 600))
    share, image = drawn(tmp_path / "a.pdf", data, SENTENCE)
    assert share == 1.0
    left, top, right, bottom = marked(image)
    # 20 points from the left of 400, and 147 to 162 from the top of 300.
    assert 0.04 < left < 0.07 < 0.5 < right < 0.72
    assert 0.46 < top < bottom < 0.56


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_mark_turns_with_its_page(tmp_path: Path, degrees: int) -> None:
    """It lies on the words, wherever they come to stand."""
    lines = [(60, 80, "A line above."), (60, 400, SENTENCE)]
    _, _, right, bottom = marked(drawn(tmp_path / "a.pdf", pdfs.pages(lines), SENTENCE)[1])
    left, top, *_ = marked(drawn(tmp_path / "a.pdf", pdfs.pages(lines), SENTENCE)[1])
    share, image = drawn(tmp_path / "b.pdf", pdfs.rotated(pdfs.pages(lines), degrees), SENTENCE)
    assert share == 1.0
    expected = {
        90: (1 - bottom, left, 1 - top, right),
        180: (1 - right, 1 - bottom, 1 - left, 1 - top),
        270: (top, 1 - right, bottom, 1 - left),
    }[degrees]
    assert marked(image) == pytest.approx(expected, abs=0.01)


def test_sentence_over_two_columns_is_marked_in_both(tmp_path: Path) -> None:
    """The program that made the page drew it line by line across the columns."""
    data = pdfs.pages(row_by_row(LEFT, RIGHT, lefts=[60, 310], top=80), size=10)
    share, image = drawn(tmp_path / "a.pdf", data, f"{LEFT[-1]} {RIGHT[0]}")
    assert share == 1.0
    left, top, right, bottom = marked(image)
    assert left < 0.12 < 0.75 < right
    assert bottom - top > 0.05


def test_joined_hyphens_and_accents_apart_are_marked(tmp_path: Path) -> None:
    """The passage has the word as people write it."""
    lines = [(60, 80, "Die Ku\u0308ndi-"), (60, 94, "gungsfrist endet im Mai.")]
    data = pdfs.pages(lines, font="DejaVuSans.ttf")
    share, _ = drawn(tmp_path / "a.pdf", data, "Die Kündigungsfrist endet im Mai.")
    assert share == 1.0


def test_row_of_a_table_is_marked_by_its_values(tmp_path: Path) -> None:
    """The passage repeats the headings, which stand above all rows."""
    rows = [["Port", "Berth", "Tug"], ["Ostend", "410", "880"], ["Zeebrugge", "520", "1,040"]]
    lines = [
        (60 + 120 * column, 80 + 20 * row, cell)
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
    ]
    share, image = drawn(
        tmp_path / "a.pdf", pdfs.pages(lines), "Port: Zeebrugge; Berth: 520; Tug: 1,040"
    )
    assert share == 1.0
    _, top, _, bottom = marked(image)
    assert 0.12 < top < bottom < 0.15


def test_fields_are_shown_and_marked_with_their_values(tmp_path: Path) -> None:
    """They are no part of the page's own text."""
    content = b"BT /F1 11 Tf 60 700 Td (Policyholder:) Tj ET"
    value = field("Tx", "who", "200 695 400 715", "/V (Rosalind Okafor) /DA (/F1 11 Tf 0 g)")
    filled = pdfs.with_form(value, content)
    empty = pdfs.with_form(value.replace(b"(Rosalind Okafor)", b"()"), content)
    share, image = drawn(tmp_path / "a.pdf", filled, "Policyholder: Rosalind Okafor")
    assert share == 1.0
    assert marked(image)[2] > 0.3
    _, shown = drawn(tmp_path / "b.pdf", filled, "")
    _, blank = drawn(tmp_path / "c.pdf", empty, "")
    assert shown.tobytes() != blank.tobytes()
