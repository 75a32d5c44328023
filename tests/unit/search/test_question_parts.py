"""Questions that ask several things are split, and others are left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from jobs.glossary.rules import Rule
from jobs.glossary.term_finder import TermFinder
from jobs.models import Passage, Searched
from jobs.search.question_parts import MAX_CHARS, split_question, take_turns
from jobs.search.search_parts import search_parts


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Compare the hotel limit with the limit for meals.",
            ("the hotel limit", "the limit for meals"),
        ),
        (
            "What is the difference between the limit in London and in Paris?",
            ("the limit in London", "the limit in Paris"),
        ),
        ("Compare revenue in Germany and France", ("revenue in Germany", "revenue in France")),
        ("Compare the Gold and Silver contracts", ("the Gold contracts", "Silver contracts")),
        (
            "Vergleiche das Hotellimit mit dem Limit für Mahlzeiten",
            ("das Hotellimit", "dem Limit für Mahlzeiten"),
        ),
        (
            "Who approves flights, and how long before must they be booked?",
            (
                "Who approves flights",
                "how long before must they be booked? (approves, flights)",
            ),
        ),
        (
            "When did Malmö open in 2021, and how many pallet places were added?",
            (
                "When did Malmö open in 2021",
                "how many pallet places were added? (Malmö, 2021)",
            ),
        ),
        (
            "What is the hotel limit? And for meals?",
            ("What is the hotel limit?", "What is the hotel limit And for meals?"),
        ),
        (
            "Look it up. Who signs the lease? Give a name. When does the lease end? Be brief.",
            (
                "Look it up. Who signs the lease? Give a name.",
                "When does the lease end? Be brief.",
            ),
        ),
        (
            "What are the fee and the notice period of the Gold contract?",
            ("What are the fee of the Gold contract?",
             "What are the notice period of the Gold contract?"),
        ),
        (
            "How does the limit in Oslo compare to that in Rome?",
            ("the limit in Oslo", "the limit in Rome"),
        ),
        (
            "Who signs the lease, and is there an option, and when does it end?",
            (
                "Who signs the lease",
                "is there an option (signs, lease)",
                "when does it end? (option, signs, lease)",
            ),
        ),
        (
            "ホテルの上限はいくらですか？食事の上限はいくらですか？",
            ("ホテルの上限はいくらですか？", "食事の上限はいくらですか？"),
        ),
    ],
)  # fmt: skip
def test_question_is_split(question: str, parts: tuple[str, ...]) -> None:
    """Each part says by itself what is asked for, as far as the question tells."""
    assert split_question(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "What is the net property, plant and equipment?",
        "What are the terms and conditions of the lease?",
        "How much is research and development?",
        "Is it ok??",
        "What changed between FY2022 and FY2023?",
        "What is the ratio? Round it to two decimals.",
        "Why? How? When?",
        "Compare",
        "Compare this",
        "",
        "What is A? " * 200,
        f"What is {'x' * MAX_CHARS}? Who is {'y' * MAX_CHARS}?",
    ],
)
def test_question_that_asks_one_thing_is_left_as_it_is(question: str) -> None:
    """And one that asks too many, or tells too much: half of a thing finds less than the whole."""
    assert split_question(question) == (question,)


@dataclass(frozen=True)
class Found:
    id: str


def test_parts_take_turns() -> None:
    """The best of each first, none twice, and of one that found little the others' more."""
    results = [[Found(each) for each in ids] for ids in ("abcd", "xa", "")]
    assert "".join(each.id for each in take_turns(results, 5)) == "axbcd"
    assert "".join(each.id for each in take_turns(results, 2)) == "ax"
    assert take_turns([], 5) == []


def test_parts_are_searched_for_with_what_the_glossary_adds_to_each() -> None:
    """What was searched for is said once, and which documents counted more, over all parts."""
    asked: list[tuple[str, Sequence[str]]] = []

    def search_one(part: str, phrases: Sequence[str]) -> tuple[list[Passage], tuple[str, ...]]:
        asked.append((part, phrases))
        return [Passage(part, "d1", "a.pdf", part)], ("a.pdf",)

    finder = TermFinder([Rule("capex", ("purchases", "additions")), Rule("outlay", ("purchases",))])
    passages, searched = search_parts(["our capex", "the outlay"], finder, search_one, 6)
    assert asked == [("our capex", ("purchases", "additions")), ("the outlay", ("purchases",))]
    assert [passage.text for passage in passages] == ["our capex", "the outlay"]
    assert searched == Searched(("purchases", "additions"), ("our capex", "the outlay"), ("a.pdf",))
    assert search_parts(["it"], finder, search_one, 6)[1].parts == ()
