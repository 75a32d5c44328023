"""Where the figures of an answer come from."""

from __future__ import annotations

import pytest

from jobs.answering.figures import FigureSources, check_figures
from jobs.answering.numbers import numbers_in
from jobs.models import FigureOrigin, Passage

REPORT = Passage(
    "1",
    "d",
    "report-2025.pdf",
    "EUR million: Revenue; 2025: 412.6; 2024: 384.1; Change: +7.4%\n\n"
    "EUR million: Net profit; 2025: 16.9; 2024: 14.4; Loss; 2025: (2.3)\n\n"
    "Purchases of equipment (1,577) (1,373)\n\nNet sales $32,765 $31,657",
    page=3,
)
POLICY = Passage(
    "2",
    "e",
    "policy.docx",
    "The hotel limit is EUR 160 per night. Claims within thirty days; 150 percent of 1.250,00 EUR. "
    "预算为二百万元。 Valid until 30 September 2026.",
)


def check(text: str, question: str = "") -> list[tuple[str, str]]:
    """Each figure with its origin, and how it was calculated."""
    sources = FigureSources([REPORT, POLICY])
    return [
        (text[each.start : each.end], each.sum or each.origin.value)
        for each in check_figures(text, sources, {1}, question)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Revenue was EUR 412.6 million",
        "Revenue was €412,600,000",
        "Revenue was 0.4126 billion",
        "Capex was $1.577 billion",
        "Capex was 1577",
        "Capex was 1.577",
        "Capex was −1,577",
        "Sales were about $33 billion",
        "Ein Verlust von 2,3",
        "a claim within 30 days",
        "Kosten von 1.250 EUR",
        "one and a half times: 1.5",
        "预算是200万元",
        "预算是2000000元",
        "bis zum 30.09.2026",
        "a limit of 160 € per night",
    ],
)
def test_figure_of_a_source_is_quoted_however_it_is_written(text: str) -> None:
    """With separators, scales and signs of any kind, rounded, or as a word."""
    assert {origin for _, origin in check(text)} == {"quoted"}


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("It rose by EUR 28.5 million from 384.1 to 412.6", "412.6 − 384.1"),
        ("From 384.1 to 412.6 it is 7.42 % more", "412.6 ÷ 384.1 − 1"),
        ("Capex of 1,577 is 4.8% of 32,765", "1,577 ÷ 32,765"),
        ("Both years: 1,577 + 1,373 = 2,950", "1,577 + 1,373"),
        ("365 × 1,577 / 32,765 = 17.6 days", "365 × 1,577 / 32,765"),
        ("(1,577 + 1,373) / 2 = 1,475", "(1,577 + 1,373) / 2"),
        ("The mean of 32,765 and 31,657 is 32,211", "(32,765 + 31,657) ÷ 2"),
        ("16.9, 14.4 and 2.3 make 33.6", "16.9 + 14.4 + 2.3"),
        ("16.9 / 412.6 x 100 = 4.1 %", "16.9 / 412.6 x 100"),
    ],
)
def test_figure_that_follows_from_quoted_ones_is_calculated(text: str, how: str) -> None:
    """A sum, difference, product, ratio, share, change or mean, and it says of which."""
    assert how in [origin for _, origin in check(text)]
    assert "not_in_sources" not in [origin for _, origin in check(text)]


def test_later_step_may_stand_on_an_earlier_one() -> None:
    """Step by step, as the prompt asks for it."""
    steps = check("412.6 − 384.1 = 28.5. Then 28.5 / 384.1 = 7.4 %. A quarter of 28.5: 7.125.")
    assert ("7.125", "28.5 ÷ 4") in steps


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("The limit in Oslo is EUR 190", "190"),
        ("1,577 / 32,765 = 5.9%", "5.9%"),
        ("From 384.1 to 412.6 it is 9.3 % more", "9.3 %"),
        ("It ends in 2031", "2031"),
        ("It costs $5", "5"),
        ("Margin 58%", "58%"),
    ],
)
def test_figure_from_nowhere_is_not_in_the_sources(text: str, figure: str) -> None:
    """Also the result of a sum that is wrong."""
    assert (figure, "not_in_sources") in check(text)


@pytest.mark.parametrize(
    "text",
    [
        "See page 47, section 12.5 and note 14.",
        "1. One\n2. Two\n13. Thirteen",
        "Models R-449A, Q3 and HM-77 are 3 of 9 kinds [1][12].",
        "```\nprint(999)\n```",
    ],
)
def test_numbers_that_are_no_figures_are_left_alone(text: str) -> None:
    """Pages, lists, names, small counts, markers and code."""
    assert "not_in_sources" not in [origin for _, origin in check(text)]


def test_figure_of_the_question_needs_no_source() -> None:
    """Whoever asks has said it."""
    assert check("No: nothing is said of 777 euros.", "Are 777 euros allowed?") == []


def test_passage_of_a_quoted_figure_is_a_cited_one_where_it_can_be() -> None:
    """That is where a reader looks."""
    twice = [Passage("1", "d", "a", "It is 4,711."), Passage("2", "d", "b", "It is 4,711.")]
    [figure] = check_figures("It is 4,711 [2].", FigureSources(twice), {2})
    assert (figure.origin, figure.number) == (FigureOrigin.QUOTED, 2)


def test_position_of_a_figure_has_its_scale() -> None:
    """So that what is marked is all of it."""
    text = "It is $ 1,577 million, or 4.8 % of it, on 31.12.2018."
    found = [text[each.start : each.end] for each in numbers_in(text)]
    assert found == ["1,577 million", "4.8 %", "31", "2018"]
