"""Tables of cells become rows that name their columns; nothing is named where nothing is a name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.extraction.blocks import Block, Kind
from jobs.extraction.chunking import PASSAGE_CHARS, passages
from jobs.extraction.readers.merged_cells import fill_merged
from jobs.extraction.readers.tables import column_letters, table_blocks


def grid(text: str) -> list[list[str]]:
    """Return the cells of lines such as "Port | Depth"."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip("\n").split("\n")]
    width = max(map(len, rows))
    return [[*row, *[""] * (width - len(row))] for row in rows]


def blocks(text: str, **options: object) -> list[Block]:
    return list(table_blocks(grid(text), sheet="Sheet", **options))  # type: ignore[arg-type]


def texts(text: str, **options: object) -> list[str]:
    return [block.text for block in blocks(text, **options)]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("Product | Price\nRope | 12\nAnchor | 240", "Product: Anchor; Price: 240"),
        ("Country | 2025\nBelgium | 12\nSpain | 40", "Country: Spain; 2025: 40"),
        (" | 2025 | 2026\nSales | 12 | 13\nCosts | 40 | 50", "Costs; 2025: 40; 2026: 50"),
        ("Site | 2026-01 | Feb 26\nGenk | 1 | 2\nMol | 3 | 4", "Site: Mol; 2026-01: 3; Feb 26: 4"),
        ("Port | Country | Operator\nVigo | Spain | Termavi", "Port: Vigo; Country: Spain; "),
        ("ID | Kohde | Omistaja\nR1 | Silta | Aalto\nR2 | Satama | Virta", "ID: R2; Kohde: Satama"),
        ("仓库 | 面积 | 负责人\n上海仓库 | 三千平方米 | 王芳", "仓库: 上海仓库; 面积: 三千平方米"),
        (
            "Mitä | Kuka | Onko\nSilta | Aalto | ja\nSatama | Virta | nein",
            "Mitä: Satama; Kuka: Virta",
        ),
        (
            "Name | Department\nAnn | Sales\nBob | Sales\nEve | Sales",
            "Name: Eve; Department: Sales",
        ),
        ("Time | What is good?\n2026-01-02 | The coffee", "Time: 2026-01-02; What is good?: The"),
        ("Item | Price | Unit\nRope | on request | m\nSaw | 9 | pc\nNut | 1 | pc", "Item: Nut; "),
    ],
)
def test_headings_name_the_cells_below_them(table: str, row: str) -> None:
    """Words above numbers, codes, flags, or values that repeat are headings, and so are years."""
    assert texts(table)[-1].startswith(row)


@pytest.mark.parametrize(
    "table",
    [
        "Rotterdam | 24.0 | Netherlands\nAntwerp | 17.5 | Belgium\nHamburg | 16.7 | Germany",
        "Rotterdam | 14,5 m | Niederlande\nAntwerpen | 17,5 m | Belgien",
        "Alice | Sales | Berlin\nBob | Marketing | Hamburg\nCarol | Finance | Munich",
        "A1 | 2026-01-02 | open\nA2 | 2026-01-03 | closed\nA3 | 2026-01-04 | open",
        "a@x.org | Ann | yes\nb@x.org | Bob | no\nc@x.org | Eve | no",
        "1 | 2 | 3\n4 | 5 | 6",
        "Name | Ann | City | Ghent\nAge | 34 | Phone | 123456",
        "Rotterdam | n/a | Netherlands\nAntwerp | 17.5 | Belgium\nHamburg | 16.7 | Germany",
    ],
)
def test_no_heading_is_invented(table: str) -> None:
    """A first row that looks like the others is one of them."""
    assert texts(table) == ["; ".join(row) for row in grid(table)]


@pytest.mark.parametrize(
    "table",
    [
        "Company | Noordzee\nFounded | 2011\nTurbines | 54\nEngineer | S. Brandt\nPower | 312 MW",
        "Site | Emden\nArea | 4500\nTurbines | 54",
        "Parameter | Value\nInstalled capacity | 312 MW\nHeight | 140 m",
        "Director | Jan Peeters\nSecretary | Eva Maes",
        "Rotterdam | 24.0\nAntwerp | 17.5",
        "Type | Service\nStatus | open\nOwner | Ann",
    ],
)
def test_label_and_value_stand_beside_each_other(table: str) -> None:
    """Two columns without headings read "Installed capacity: 312 MW"."""
    assert texts(table) == [": ".join(row) for row in grid(table)]


def test_labels_with_colons_name_the_cells_beside_them() -> None:
    """A form with several labels in a row keeps each with its value."""
    form = "Company: | Noordzee BV | Founded: | 2011\nCity: | Delft | Turbines: | 54"
    assert texts(form) == ["Company: Noordzee BV; Founded: 2011", "City: Delft; Turbines: 54"]


def test_sentences_are_a_list_without_a_heading() -> None:
    """One column of sentences is read as it is."""
    found = blocks("The pump room is locked.\nOnly Greta holds the master key.\nWear a badge.")
    assert [block.text for block in found][1] == "Only Greta holds the master key."
    assert {block.kind for block in found} == {Kind.TEXT}
    assert found[1].cells == "A2"


TWO_ROWS = "Department | 2025 | | 2026 |\n | Full-time | Part-time | Full-time | Part-time\n"
STAFF = "Legal | 12 | 3 | 14 | 2\nFinance | 31 | 6 | 29 | 9"
FINANCE = (
    "Department: Finance; 2025 Full-time: 31; 2025 Part-time: 6; 2026 Full-time: 29; "
    "2026 Part-time: 9"
)


def test_merged_heading_rows_are_joined() -> None:
    """A heading over two columns stands before each of theirs."""
    rows = grid(TWO_ROWS + STAFF)
    for area in ((0, 0, 2, 1), (0, 1, 1, 2), (0, 3, 1, 2)):
        fill_merged(rows, *area)
    assert [block.text for block in table_blocks(rows)][-1] == FINANCE


def test_heading_rows_that_are_not_merged_are_joined() -> None:
    """An upper heading reaches to the right as far as nothing else is above."""
    assert texts(TWO_ROWS + STAFF)[-1] == FINANCE


def test_three_heading_rows_and_units_are_joined() -> None:
    """Units below the headings belong to them."""
    table = " | 2025 | | 2026 |\nDept | A | B | A | B\n | kEUR | kEUR | kEUR | kEUR\n"
    last = texts(table + "X | 1 | 2 | 3 | 4\nY | 1 | 2 | 3 | 5\nZ | 1 | 2 | 3 | 6")[-1]
    assert last == "Dept: Z; 2025 A kEUR: 1; 2025 B kEUR: 2; 2026 A kEUR: 3; 2026 B kEUR: 6"


def test_a_row_of_a_merged_cell_carries_its_value() -> None:
    """Each row that a merged cell covers has what stands in it."""
    rows = grid("Region | Vehicle | Cost\nFlanders | Van | 8\n | Truck | 19\nWallonia | Truck | 20")
    fill_merged(rows, 1, 0, 2, 1)
    assert [block.text for block in table_blocks(rows)][1] == (
        "Region: Flanders; Vehicle: Truck; Cost: 19"
    )


def test_a_merged_cell_says_it_once_in_each_column() -> None:
    """What spans columns of different names stands below each of them, and no row is empty."""
    rows = grid("Room | Mon | Tue | Wed\nA | Holiday | | 3\n | | | 5\nB | 1 | 2 | 7")
    fill_merged(rows, 1, 1, 1, 2)
    assert next(iter(table_blocks(rows))).text == "Room: A; Mon: Holiday; Tue: Holiday; Wed: 3"


def test_tables_below_each_other_have_their_own_headings() -> None:
    """An empty row ends a table."""
    found = blocks(
        "Product | Price |\nRope | 12 |\n | |\n | |\nClient | Discount | City\nDamme | 0.15 | Ghent"
    )
    assert [(block.text, block.cells) for block in found] == [
        ("Product: Rope; Price: 12", "A2:B2"),
        ("Client: Damme; Discount: 0.15; City: Ghent", "A6:C6"),
    ]


def test_tables_beside_each_other_have_their_own_headings() -> None:
    """An empty column ends a table if words stand to its right."""
    found = blocks(
        "Product | Price | | Client | City\nRope | 12 | | Damme | Ghent\nSaw | 3 | | Dubois | Mons"
    )
    assert [(block.text, block.cells) for block in found][1:3] == [
        ("Product: Saw; Price: 3", "A3:B3"),
        ("Client: Damme; City: Ghent", "D2:E2"),
    ]


def test_an_empty_column_within_a_table_does_not_end_it() -> None:
    """Numbers to the right of an empty column belong to the labels at the left."""
    table = " | | 2024 | | 2023\nRevenue | | 100 | | 90\nCost | | 70 | | 60"
    assert texts(table)[0] == "Revenue; 2024: 100; 2023: 90"


def test_an_empty_row_within_a_table_does_not_end_it() -> None:
    """Rows below an empty one that fit go on under the same headings."""
    table = "Product | Price\nRope | 12\n | \nAnchor | 240\n | \nTotal | 252"
    assert texts(table)[1:] == ["Product: Anchor; Price: 240", "Product: Total; Price: 252"]


def test_an_empty_row_below_headings_does_not_part_them_from_the_data() -> None:
    """Headings that stand apart still name the columns."""
    assert texts("Product | Price\n | \nRope | 12\nSaw | 3")[0] == "Product: Rope; Price: 12"


def test_title_above_and_notes_below_a_table() -> None:
    """Lines above are the caption of each row; lines below are text."""
    found = blocks(
        "Fleet report | |\nin EUR | |\n | |\nSite | Cost | Owner\nGenk | 12 | Ann\nTotal | 12 |\n"
        "* estimated | |\nSource: controlling, 2026. | |",
        title="Fleet",
    )
    assert [(block.caption, block.text) for block in found] == [
        ("Fleet. Fleet report. in EUR", "Site: Genk; Cost: 12; Owner: Ann"),
        ("Fleet. Fleet report. in EUR", "Site: Total; Cost: 12"),
        ("", "* estimated"),
        ("", "Source: controlling, 2026."),
    ]


def test_labels_above_a_wide_table_are_not_its_headings() -> None:
    """What stands above in two columns is a label and its value."""
    table = "Date | 2026-11-30 | |\nAuthor | J. Doe | |\nName | City | Age | Dept\n"
    found = texts(table + "Ann | Ghent | 30 | IT\nBob | Delft | 40 | HR")
    assert found[1:3] == ["Author: J. Doe", "Name: Ann; City: Ghent; Age: 30; Dept: IT"]


def test_names_of_sections_stand_above_their_rows() -> None:
    """A row with one name, in capitals or with a colon, is repeated with the rows below it."""
    found = blocks("Item | Cost | Unit\nNORTH | |\nVan | 1 | EUR\nSouth: | |\nVan | 2 | EUR")
    assert [(block.caption, block.text) for block in found] == [
        ("NORTH", "Item: Van; Cost: 1; Unit: EUR"),
        ("South", "Item: Van; Cost: 2; Unit: EUR"),
    ]


def test_sections_of_a_statement_are_under_the_same_headings() -> None:
    """Empty rows between the sections of a statement do not end its columns of years."""
    found = blocks(
        "ACME NV | |\n | 2025 | 2024\nSales | 1,200 | 1,100\nCosts | (700) | (650)\n | |\n"
        "Expenses: | |\nStaff | 200 | 190\n | |\nNet result | 300 | 260"
    )
    assert [(block.caption, block.text) for block in found][1:] == [
        ("ACME NV", "Costs; 2025: (700); 2024: (650)"),
        ("ACME NV. Expenses", "Staff; 2025: 200; 2024: 190"),
        ("ACME NV", "Net result; 2025: 300; 2024: 260"),
    ]


def test_a_long_row_is_cut_with_its_short_cells() -> None:
    """Each part of a row that is longer than a passage begins with what tells it from others."""
    text = "This sentence tells what to do about it. " * 80
    found = texts(f"Risk | Description | Owner\nR2 | short | Ann\nR3 | {text} | Bob")
    assert len(found) > 3
    assert all(row.startswith("Risk: R3; Owner: Bob; Description: This") for row in found[1:])
    assert "".join(row.partition("tion: ")[2] + " " for row in found[1:]) == text
    assert max(map(len, found)) < 1000


def test_a_row_of_many_cells_is_cut_with_its_first() -> None:
    """Of a wide table, each part of a row has the first cell, and no cell is lost."""
    names = " | ".join(["Ship", *(f"Value of measure {n}" for n in range(100))])
    values = " | ".join(["Ada", *(str(n) for n in range(100))])
    found = texts(f"{names}\n{values}\n{values}")
    assert len(found) > 4
    assert all(row.startswith("Ship: Ada; Value of measure ") for row in found)
    assert "; ".join(row.removeprefix("Ship: Ada; ") for row in found[: len(found) // 2]) == (
        "; ".join(f"Value of measure {n}: {n}" for n in range(100))
    )


def test_known_headings_are_taken_as_they_are() -> None:
    """What a format knows of headings is not guessed at."""
    table = "Rotterdam | 24.0\nAntwerp | 17.5"
    assert texts(table, heading_rows=1) == ["Rotterdam: Antwerp; 24.0: 17.5"]
    assert (
        texts("Ann | Ghent\nBob | Delft\nEve | Mons", known_rows={0})[0] == "Ann: Bob; Ghent: Delft"
    )
    assert texts("Name | City", heading_rows=0) == ["Name: City"]


def test_rows_and_columns_that_are_left_out_keep_the_places_of_others() -> None:
    """Ranges of cells are those of the sheet."""
    found = list(
        table_blocks(
            grid("Product | Price\nRope | 12"),
            sheet="S",
            row_numbers=[4, 9],
            column_numbers=[1, 28],
        )
    )
    assert found[0].cells == "A9:AB9"
    assert [column_letters(n) for n in (1, 26, 27, 702, 703)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_a_table_of_many_rows_is_passed_on_as_it_is_read() -> None:
    """The first rows come before the last are made."""
    made = 0

    def cells() -> Iterator[list[str]]:
        nonlocal made
        yield ["Product", "Price"]
        for number in range(100_000):
            made += 1
            yield [f"Rope {number}", str(number)]

    first = next(iter(table_blocks(cells())))
    assert first.text == "Product: Rope 0; Price: 0"
    assert made < 10_000


def test_what_is_repeated_is_short() -> None:
    """Neither long headings nor long merged cells multiply by the number of rows."""
    rows = [["H" * 10_000, "Cost", "X"], *(["", str(n), "y"] for n in range(200))]
    rows[1][0] = "V" * 10_000
    fill_merged(rows, 1, 0, 10**9, 1)
    found = list(table_blocks(rows, title="T" * 10_000))
    assert sum(len(block.text) + len(block.caption) for block in found[20:]) < 200 * 1000


def test_table_says_title_and_headings_with_each_passage() -> None:
    """A long table continues under the same title; no row is lost, none is without headings."""
    rows = [[f"Site {number}", str(number), "2026-01-02"] for number in range(100)]
    table = [["Capacity", "", ""], ["Site", "Pallets", "Opened"], *rows]
    pieces = list(passages(table_blocks(table, title="Europe", sheet="Europe")))
    assert len(pieces) > 1
    assert all(piece.text.startswith("Europe. Capacity\n\nSite: ") for piece in pieces)
    assert all(len(piece.text) <= PASSAGE_CHARS + 100 for piece in pieces)
    lines = [line for piece in pieces for line in piece.text.split("\n\n")[1:]]
    assert lines == [
        f"Site: Site {number}; Pallets: {number}; Opened: 2026-01-02" for number in range(100)
    ]


def test_cells_beyond_the_headings_are_kept() -> None:
    """A note beside the table has no heading, but it has words."""
    assert texts("A | B\n1 | 2 | a note") == ["A: 1; B: 2; a note"]


def test_nothing_comes_of_nothing() -> None:
    """A grid without text has no blocks."""
    assert list(table_blocks([])) == []
    assert list(table_blocks([["", ""], []])) == []
