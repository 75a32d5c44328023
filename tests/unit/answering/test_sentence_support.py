"""Sentences that the passages that they cite do not bear out."""

from __future__ import annotations

import pytest

from jobs.answering.figures import FigureSources, check_figures
from jobs.answering.sentence_support import (
    NO_FIGURE,
    NO_NAME,
    NO_WORDS,
    OTHER_PASSAGE,
    find_doubtful,
)
from jobs.models import Passage

HOTEL = Passage(
    "1",
    "d",
    "travel.md",
    "The hotel limit is EUR 160 per night, including breakfast and city tax. For Zurich the limit "
    "is raised to EUR 210. Claims are submitted by Mette Kjeldsen within 30 days of the trip.",
)
GHENT = Passage(
    "2",
    "e",
    "ghent.md",
    "The chamber was closed for 39 days. The damage came to EUR 4,711, and 212 pallets were lost.",
)
GERMAN = Passage(
    "3",
    "f",
    "miete.md",
    "Die Gebühr beträgt bei verspäteter Zahlung 125 EUR und ist sofort fällig.",
)
CHINESE = Passage("4", "g", "预算.md", "预算为二百万元，由李娜负责，会议于十月三日在成都举行。")
PASSAGES = [HOTEL, GHENT, GERMAN, CHINESE]


def doubts(text: str, question: str = "") -> list[tuple[str, str]]:
    sources = FigureSources(PASSAGES)
    figures = check_figures(text, sources, {1, 2, 3, 4}, question)
    found = find_doubtful(text, PASSAGES, figures, sources, question)
    return [(text[each.start : each.end], each.reason) for each in found]


@pytest.mark.parametrize(
    "text",
    [
        "Employees can book a hotel for up to €160 a night, breakfast included [1].",
        "In Zurich the ceiling rises to EUR 210 [1].",
        "Storage space was out of use for 39 days, and 212 pallets perished. [2]",
        "Mette Kjeldsen has to get all the claims in time, that is within thirty days [1].",
        "Der Grenzwert für ein Hotelzimmer liegt bei 160 EUR je Übernachtung, mit Frühstück [1].",
        "Wer zu spät zahlt, schuldet sofort eine Gebühr von 125 EUR [3].",
        "预算是二百万元，负责人是李娜[4]。",
        "Is that so [1]?",
        "These are the limits that people who travel on business should know [1]:",
        "Nobody knows about the weather in the far south of the country on that day.",
        "Both matter: the hotel limit of EUR 160 and the closure for 39 days [1][2].",
    ],
)
def test_sentence_in_other_words_is_not_marked(text: str) -> None:
    """Nor one in another language, nor one that claims nothing or cites nothing."""
    assert doubts(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The hotel limit is EUR 190 per night [1].", NO_FIGURE),
        ("The damage of the hotel was EUR 4,711 [1].", OTHER_PASSAGE),
        ("The claims are submitted by Tobias Renner [1].", NO_NAME),
        ("Suppliers must hold certificates about forestry and fair wages [1].", NO_WORDS),
        ("Lieferanten müssen eine Bescheinigung über faire Löhne und Wälder haben [3].", NO_WORDS),
        ("公司计划明年夏天把仓库搬到上海的新工业园区[4]。", NO_WORDS),
    ],
)
def test_sentence_that_its_passage_does_not_bear_out_is_marked(text: str, reason: str) -> None:
    """With what the passage lacks; the sentence before and after are not touched."""
    before, after = "The hotel limit is EUR 160 [1]. ", " The chamber was closed for 39 days [2]."
    assert doubts(before + text + after) == [(text, reason)]


def test_marker_behind_the_full_stop_belongs_to_its_sentence() -> None:
    """Not to the next one, which cites another passage."""
    assert doubts("The damage came to EUR 4,711. [2] The hotel limit is EUR 160. [1]") == []


def test_answer_without_a_sentence_has_none_to_doubt() -> None:
    """Such as code alone, or nothing."""
    assert doubts("```\nprint(190)\n```") == []
    assert doubts("") == []


def test_name_of_the_question_needs_no_passage() -> None:
    """It is repeated, not claimed."""
    text = "The hotel limit of Tobias Renner is EUR 160 per night [1]."
    assert doubts(text)
    assert doubts(text, "What is the limit of Tobias Renner?") == []
