"""Quotes in the words of the glossary, beside the question's own."""

from __future__ import annotations

import pytest

from jobs.answering.extractive import Extractive
from jobs.glossary.rules import Rule
from jobs.glossary.term_finder import TermFinder
from jobs.llm.rewriting import Turn
from jobs.models import Passage

RULES = [Rule("capex", ("plant purchases", "property bought")), Rule("DSO", ("net sales",))]
TEXTS = (
    "Property bought in the year came to EUR 41 million in all.",
    "The survey was made by the sales team among 64 of our shippers.",
    "The hotel limit is EUR 160 per night in every city.",
)
PASSAGES = [Passage(str(number), "d1", "name", text) for number, text in enumerate(TEXTS)]
QUOTES = Extractive().in_words_of(TermFinder(RULES))


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("How high was capex?", TEXTS[0]),
        ("What is the hotel limit?", TEXTS[2]),
        ("What is our DSO?", ""),
        ("Who won in 1998?", ""),
    ],
)
def test_question_is_quoted_in_the_words_of_the_documents(question: str, quoted: str) -> None:
    """In its own where they find something; a part of a phrase is no sign of an answer."""
    text = "".join(chunk.text for chunk in QUOTES.stream(question, PASSAGES))
    assert text.rpartition(" [")[0] == quoted


def test_follow_up_is_rewritten_as_without_a_glossary() -> None:
    """And it says that it only quotes."""
    turn = Turn("What is the hotel limit?", "It is EUR 160.")
    assert QUOTES.rewrite("And in Oslo?", [turn]) == Extractive().rewrite("And in Oslo?", [turn])
    assert (QUOTES.extractive, QUOTES.model) == (True, "")
