"""The reading order of pages with columns, however they were drawn."""

from __future__ import annotations

from itertools import chain, zip_longest

from tests import pdfs

LEFT = [
    "The harbour board met in April and",
    "approved the budget for dredging of",
    "4.7 million euro for the year 2027,",
    "which is 6 percent more than before.",
]
MIDDLE = [
    "fishing rights were granted to boats",
    "of the northern fleet, as the stocks",
    "of herring have recovered very well.",
    "The quota is 340 tonnes for a year.",
]
RIGHT = [
    "The museum shows maps of the port",
    "and models of ships. Entry is free",
    "on Sundays for all who live in the",
    "city, and for children of any age.",
]


def row_by_row(*columns: list[str], lefts: list[float], top: float) -> list[pdfs.Placed]:
    """Columns as a program draws them that writes across the page."""
    stacks = [
        pdfs.stacked(column, left=left, top=top)
        for column, left in zip(columns, lefts, strict=True)
    ]
    return [place for place in chain.from_iterable(zip_longest(*stacks)) if place]


def read(lines: list[pdfs.Placed], size: float = 10) -> str:
    return " ".join(" ".join(pdfs.texts(pdfs.pages(lines, size=size))).split())


def test_two_columns_are_read_one_after_the_other() -> None:
    """A sentence of the left column is not mixed with the right one."""
    text = read(row_by_row(LEFT, RIGHT, lefts=[60, 310], top=80))
    assert text == " ".join(LEFT + RIGHT)


def test_three_columns_are_read_one_after_the_other() -> None:
    """The middle one stands between the others, in text as on the page."""
    text = read(row_by_row(LEFT, MIDDLE, RIGHT, lefts=[40, 220, 400], top=80), size=9)
    assert text == " ".join(LEFT + MIDDLE + RIGHT)


def test_heading_across_the_page_parts_the_columns() -> None:
    """What stands above it is read before it, in both columns."""
    heading = "A long heading that stands across both of the columns of this page"
    text = read(
        [
            *row_by_row(LEFT, RIGHT, lefts=[60, 310], top=80),
            (60, 160, heading),
            *row_by_row(RIGHT, LEFT, lefts=[60, 310], top=190),
        ]
    )
    assert text == " ".join([*LEFT, *RIGHT, heading, *RIGHT, *LEFT])


def test_short_heading_below_columns_heads_what_follows() -> None:
    """It stands in the place of the left column, but below both."""
    paper = pdfs.canvas(10)
    paper.add_page()
    for left, top, line in row_by_row(LEFT, RIGHT, lefts=[60, 310], top=80):
        paper.text(left, top, line)
    paper.set_font("Helvetica", size=18)
    paper.text(60, 180, "Part two")
    paper.set_font("Helvetica", size=10)
    paper.text(
        60, 210, "This line goes across the whole page, from the left margin to the right one."
    )
    text = " ".join(pdfs.texts(bytes(paper.output())))
    assert text.index("children of any age") < text.index("Part two") < text.index("This line goes")


def test_sidebar_is_read_apart_from_the_text_beside_it() -> None:
    """Its lines have a height of their own."""
    side = ["Contact", "Mrs Novak", "Room 214", "Closed on Fridays"]
    lines = [
        *((60, 80 + 14 * n, f"{line} in this long text") for n, line in enumerate(LEFT)),
        *((420, 83 + 11 * n, line) for n, line in enumerate(side)),
    ]
    text = read(sorted(lines, key=lambda line: line[1]))
    assert text == " ".join([*(f"{line} in this long text" for line in LEFT), *side])


def test_labels_and_values_stay_on_their_lines() -> None:
    """They stand in columns too, but are read across."""
    labels = ["Invoice number", "Date", "Customer", "Total"]
    values = ["4711", "3 May 2026", "Verhoeven", "1,250.00"]
    text = read(row_by_row(labels, values, lefts=[60, 310], top=80))
    assert text == " ".join(map(" ".join, zip(labels, values, strict=True)))


def test_sentence_goes_on_in_the_next_column() -> None:
    """It is one paragraph, so that it is found as a whole."""
    left = [*LEFT[:3], "which was more than last year, and"]
    texts = pdfs.texts(pdfs.pages(row_by_row(left, MIDDLE, lefts=[60, 310], top=80), size=10))
    assert any("last year, and fishing rights were granted" in text for text in texts)


def test_columns_of_hebrew_are_read_from_the_right() -> None:
    """The right one comes first."""
    first = [f"השוכר ישלם את דמי השכירות ביום {number}" for number in range(1, 5)]
    second = [f"המשכיר יתקן את הגג של הבית ביום {number}" for number in range(5, 9)]
    paper = pdfs.canvas(10, font="DejaVuSans.ttf")
    paper.set_text_shaping(True)
    paper.add_page()
    for number, (one, two) in enumerate(zip(first, second, strict=True)):
        for right, line in ((530, one), (280, two)):
            paper.set_xy(right - 240, 80 + 14 * number)
            paper.cell(240, 12, line, align="R")
    text = " ".join(" ".join(pdfs.texts(bytes(paper.output()))).split())
    assert text == " ".join(first + second)
