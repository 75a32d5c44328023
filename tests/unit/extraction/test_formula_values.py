"""Simple formulas give what spreadsheets give; all others give nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.extraction.readers.formula_values import Cell, formula_values
from jobs.extraction.readers.sheet_cells import area_of

# A1 to A4: 2, 3, a text, nothing; B1: an error.
VALUES: dict[Cell, float | None] = {(1, 1): 2.0, (2, 1): 3.0, (3, 1): None, (1, 2): math.nan}


def bounds(reference: str) -> tuple[int, int, int, int] | None:
    area = area_of(reference)
    return None if area is None else (area.top, area.left, area.bottom, area.right)


def results(*formulas: str) -> list[float | None]:
    """Return the results of formulas in C1, C2 and so on."""
    cells = {(row, 3): formula for row, formula in enumerate(formulas, 1)}
    found = formula_values(cells, VALUES, bounds)
    return [found.get(cell) for cell in cells]


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("=A1*A2", 6),
        ("=2+3*4", 14),
        ("=(2+3)*4", 20),
        ("=2^3^2", 64),
        ("=-2^2", 4),
        ("=10-4-3", 3),
        ("=50%*A1", 1),
        ("= $A$1 / 4", 0.5),
        ("=A4+1", 1),
        ("=SUM(A1:A4)", 5),
        ("=SUM(A1:A2,10,A1*A2)", 21),
        ("=AVERAGE(A1:A3)", 2.5),
        ("=MIN(A1:A2)+MAX(A1:A2)", 5),
        ("=COUNT(A1:A4)", 2),
        ("=PRODUCT(A1:A2)", 6),
        ("=ROUND(2.345,2)", 2.35),
        ("=ROUND(-2.5,0)", -3),
        ("=ABS(A1-A2)", 1),
        ("=sum(a1:a2)", 5),
    ],
)
def test_what_is_worked_out(formula: str, result: float) -> None:
    """Signs, powers, percents, empty cells and texts count as in Excel."""
    assert results(formula) == [pytest.approx(result)]


@pytest.mark.parametrize(
    "formula",
    [
        "=TODAY()",
        "=IF(A1>1,2,3)",
        "=Rates!A1",
        "=A3+1",
        "=B1+1",
        "=SUM(A1:B2)",
        "=A1/0",
        "=AVERAGE(A4:A4)",
        "=A1:A2*2",
        "=C1+1",
        "=SUM(A1:XFD1048576)",
        "=10^400",
        "=(-8)^0.5",
        "=A1+",
        "=A1 A2",
        '="x"',
        "=…",
        "=" + "(" * 500 + "1",
        "=" + "-" * 900 + "A9999999999",
        "",
    ],
)
def test_what_is_not_worked_out(formula: str) -> None:
    """Other functions and sheets, texts, errors, circles and too much of anything give nothing."""
    assert results(formula) == [None]


def test_formulas_may_refer_to_others() -> None:
    """Each is worked out from those that it needs, and has no result if one of them has none."""
    assert results("=C2+1", "=A1*10", "=TODAY()", "=C3+C1", "=SUM(C1:C2)") == [
        21,
        20,
        None,
        None,
        41,
    ]


def test_long_chains_are_followed() -> None:
    """A balance that is carried down or up a thousand rows is worked out."""
    assert results("=A1", *(f"=C{row}+1" for row in range(1, 1000)))[-1] == 1001
    assert results(*(f"=C{row + 1}+1" for row in range(1, 1000)), "=A1")[0] == 1001


def test_circles_end() -> None:
    """Formulas that need each other have no results."""
    assert results("=C2", "=C1") == [None, None]


@given(st.lists(st.text(alphabet="=+-*/^%(),:$ABC123. SUMROND", max_size=60), max_size=8))
def test_any_formula_ends(formulas: list[str]) -> None:
    """No formula of a file makes the reader fail."""
    assert len(results(*formulas)) == len(formulas)
