"""Tables of PDFs: what stands below each other, and what does not."""

from __future__ import annotations

import pytest

from jobs.extraction.blocks import Kind
from tests import pdfs

LEFTS = [60.0, 180.0, 260.0, 340.0, 420.0]


def grid(
    rows: list[list[str]], *, lefts: list[float] = LEFTS, top: float = 80, step: float = 18
) -> list[pdfs.Placed]:
    """Cells at the left edges of their columns; empty ones draw nothing."""
    return [
        (left, top + step * number, cell)
        for number, row in enumerate(rows)
        for left, cell in zip(lefts, row, strict=False)
        if cell
    ]


def test_empty_cell_shifts_no_value() -> None:
    """A value belongs to the heading it stands below."""
    data = pdfs.pages(
        grid(
            [
                ["Port", "Berth fee", "Tug fee"],
                ["Ostend", "410", "880"],
                ["Ghent", "385", ""],
                ["Terneuzen", "", "612"],
            ]
        )
    )
    assert pdfs.rows(data) == [
        "Port: Ostend; Berth fee: 410; Tug fee: 880",
        "Port: Ghent; Berth fee: 385",
        "Port: Terneuzen; Tug fee: 612",
    ]


def test_heading_over_several_columns_is_that_of_each() -> None:
    """A year stands above both of its columns, at the left or in the middle."""
    body = [["Ostend", "410", "880", "433", "905"], ["Ghent", "385", "", "398", "790"]]
    names = ["Port", "Berth", "Tug", "Berth", "Tug"]
    at_left = grid([["", "2025", "", "2026"], names, *body])
    in_middle = [(215.0, 80.0, "2025"), (375.0, 80.0, "2026"), *grid([names, *body], top=98)]
    for lines in (at_left, in_middle):
        assert pdfs.rows(pdfs.pages(lines)) == [
            "Port: Ostend; 2025 Berth: 410; 2025 Tug: 880; 2026 Berth: 433; 2026 Tug: 905",
            "Port: Ghent; 2025 Berth: 385; 2026 Berth: 398; 2026 Tug: 790",
        ]


def test_heading_of_one_column_is_not_spread() -> None:
    """What stands above one column alone says nothing of the next."""
    lines = [
        (180.0, 80.0, "Treasury"),
        *grid(
            [
                ["Year", "Shares", "Cost", "Retained", "Total"],
                ["First", "478", "19", "86", "583"],
                ["Second", "431", "17", "87", "535"],
            ],
            top=98,
        ),
        (420.0, 80.0, "All"),
    ]
    assert pdfs.rows(pdfs.pages(lines))[0] == (
        "Year: First; Treasury Shares: 478; Cost: 19; Retained: 86; All Total: 583"
    )


def test_currency_signs_belong_to_their_numbers() -> None:
    """They stand in a column of their own, or behind the number before."""
    data = pdfs.pages(
        grid([["", "", "2025", "", "2024"]], lefts=[60, 170, 185, 250, 265])
        + grid(
            [
                ["Net sales", "$", "5,363", "$", "4,869"],
                ["Cost of sales", "", "(1,488)", "", "(1,544)"],
                ["Net income", "$", "3,875", "$", "3,325"],
            ],
            lefts=[60, 170, 185, 250, 265],
            top=98,
        )
    )
    assert pdfs.rows(data)[0].endswith("2025: $ 5,363; 2024: $ 4,869")
    assert pdfs.rows(data)[1].endswith("2025: (1,488); 2024: (1,544)")


def test_lines_of_a_cell_stay_together() -> None:
    """A label or a text that is wider than its column goes on below."""
    data = pdfs.pages(
        [
            *grid([["Clause", "Duty", "", "", "Deadline"]]),
            *grid([["4.1", "The tenant keeps the roof clean and", "", "", "monthly"]], top=100),
            *grid([["", "free of leaves in each season."]], top=113),
            *grid([["4.2", "The landlord insures the house.", "", "", "by May"]], top=135),
            *grid([["4.3", "Both check the meters.", "", "", "yearly"]], top=157),
        ]
    )
    assert pdfs.rows(data)[0] == (
        "Clause: 4.1; Duty: The tenant keeps the roof clean and free of leaves in each season.; "
        "Deadline: monthly"
    )


@pytest.mark.parametrize(
    "rows",
    [
        [["Date", "3 May 2026"], ["Customer", "Verhoeven"], ["Total", "1,250.00"]],
        [["Name:", "Anna"], ["Floor:", "Third"], ["Rent:", "900"], ["Pets:", "no"]],
    ],
)
def test_labels_and_values_are_no_table(rows: list[list[str]]) -> None:
    """No first pair is taken for the headings of the others."""
    data = pdfs.pages(grid(rows))
    assert {block.kind for block in pdfs.blocks(data)} == {Kind.TEXT}
    assert "\n".join(pdfs.texts(data)).splitlines() == [" ".join(row) for row in rows]


def test_list_with_markers_is_no_table() -> None:
    """A bullet that stands apart belongs to its line."""
    items = ["The first duty of the tenant", "The second duty is another", "The third one is last"]
    data = pdfs.pages(grid([["•", item] for item in items], lefts=[60, 90]), font="DejaVuSans.ttf")
    assert pdfs.texts(data) == [f"• {item}" for item in items]


def test_second_table_has_its_own_headings() -> None:
    """Right below another, with other columns."""
    data = pdfs.pages(
        grid([["Port", "Fee"], ["Ostend", "410"], ["Ghent", "385"]], lefts=[60, 300])
        + grid(
            [["Crane", "Lifts", "Built"], ["West", "62", "12"], ["East", "40", "31"]],
            lefts=[60, 180, 420],
            top=134,
        )
    )
    assert pdfs.rows(data) == [
        "Port: Ostend; Fee: 410",
        "Port: Ghent; Fee: 385",
        "Crane: West; Lifts: 62; Built: 12",
        "Crane: East; Lifts: 40; Built: 31",
    ]
