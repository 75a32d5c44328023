"""Checking the markers of an answer against its passages."""

from __future__ import annotations

import pytest

from jobs.answering.citations import check_citations
from jobs.models import Passage

PASSAGES = [
    Passage(str(number), f"d{number}", f"doc-{number}.pdf", f"text {number}", page=number)
    for number in (1, 2, 3)
]


def test_valid_markers_become_citations_in_order_of_appearance() -> None:
    """Each cited passage is listed once, with its document and page."""
    checked = check_citations("B [2]. A [1]. B again [2].", PASSAGES)
    assert [(item.number, item.document_name, item.page) for item in checked.citations] == [
        (2, "doc-2.pdf", 2),
        (1, "doc-1.pdf", 1),
    ]
    assert checked.removed == 0


def test_marker_that_names_no_passage_is_removed_and_counted() -> None:
    """[7] of three passages and [0] go, with the gap they leave."""
    checked = check_citations("True [1]. Invented [7]. Zero [0].", PASSAGES)
    assert checked.text == "True [1]. Invented. Zero."
    assert checked.removed == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x [1, 2].", "x [1][2]."),
        ("x [1-3].", "x [1][2][3]."),
        ("x [1; 9].", "x [1]."),
        ("x [2][9].", "x [2]."),
        ("x【2】.", "x[2]."),
    ],
)
def test_lists_and_ranges_become_single_markers(text: str, expected: str) -> None:
    """However a model groups its markers, each stands alone afterwards."""
    assert check_citations(text, PASSAGES).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "`list[9]` stays",
        "```\nvalues[9]\n```",
        "``list[9] of `x` ``",
        "see [9](https://example.org)",
    ],
)
def test_code_and_links_are_left_alone(text: str) -> None:
    """Brackets that are no citations are not touched, nor counted."""
    checked = check_citations(text, PASSAGES)
    assert (checked.text, checked.removed, checked.citations) == (text, 0, ())


def test_absurd_range_is_not_expanded() -> None:
    """[1-999] names its two ends, not a thousand passages."""
    assert check_citations("x [1-999].", PASSAGES).removed == 1
