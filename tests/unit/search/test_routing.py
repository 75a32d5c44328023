"""Which documents a question means."""

from __future__ import annotations

import pytest

from jobs.models import DocumentCard
from jobs.search.routing import Router, abbreviates

DOCUMENTS = {
    "harbour-2022": (
        "BESTHARBOUR_2022_report.pdf",
        DocumentCard("en", "Annual report", "Best Harbour plc", "2022 2021"),
    ),
    "harbour-2023": (
        "BESTHARBOUR_2023_report.pdf",
        DocumentCard("en", "Annual report", "Best Harbour plc", "2023 2022"),
    ),
    "northern": (
        "northern-timber-2023.pdf",
        DocumentCard("en", "Annual report 2023", "Northern Timber", "2023 2022"),
    ),
    "express": ("scan0001.pdf", DocumentCard("en", "", "Atlantic Express Company", "2023")),
    "travel": ("travel-policy.docx", DocumentCard("en", "Travel policy", "", "")),
    **{f"other-{n}": (f"other{n}.pdf", DocumentCard("en", "", "", "2023")) for n in range(10)},
}


@pytest.fixture(scope="module")
def router() -> Router:
    router = Router()
    for document_id, (name, card) in DOCUMENTS.items():
        router.add(document_id, name, card)
    return router


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("What was Best Harbour's revenue in FY2023?", "harbour-2023"),
        ("What was Best Harbour's revenue in FY22?", "harbour-2022"),
        ("revenue of bestharbour 2022", "harbour-2022"),
        ("How much timber does Northern sell?", "northern"),
        ("Did ATEX grow?", "express"),
        ("What does Atlantic Express say of its members?", "express"),
        ("what does the travel policy say on hotels?", "travel"),
    ],
)
def test_a_named_document_weighs_most(router: Router, question: str, document: str) -> None:
    """By the name of its file, names in it, abbreviations of these, and years."""
    routing = router.route(question, DOCUMENTS)
    assert routing.mainly[0] == document
    assert 1 < routing.weight(document) <= 2
    assert routing.weight("nobody's") == 1


def test_a_question_that_names_none_means_none(router: Router) -> None:
    """Then all documents count alike."""
    routing = router.route("How many days of leave are there?", DOCUMENTS)
    assert routing.mainly == ()
    assert routing.turns == ()


def test_two_named_documents_take_turns(router: Router) -> None:
    """Each of the best for its name."""
    routing = router.route("Compare Best Harbour with Northern Timber in 2023", DOCUMENTS)
    assert set(routing.turns) == {("harbour-2023",), ("northern",)}


def test_two_years_of_one_name_take_turns(router: Router) -> None:
    """Where a document of each year is there, and neither is mainly about both."""
    router.add("harbour-2019", "BESTHARBOUR_2019_report.pdf", DocumentCard("en", "", "", "2019"))
    visible = [*DOCUMENTS, "harbour-2019"]
    routing = router.route("How did Best Harbour change from 2019 to 2023?", visible)
    assert set(routing.turns) == {("harbour-2023",), ("harbour-2019",)}


def test_one_report_on_both_years_takes_no_turns(router: Router) -> None:
    """The report of 2023 compares with 2022 by itself."""
    assert router.route("Best Harbour's sales in 2022 and 2023?", DOCUMENTS).turns == ()


def test_documents_that_a_name_does_not_tell_apart_are_one_turn(router: Router) -> None:
    """Without a year, both reports of a company are its turn."""
    routing = router.route("Compare Best Harbour with Northern Timber", DOCUMENTS)
    assert {frozenset(group) for group in routing.turns} == {
        frozenset(["harbour-2022", "harbour-2023"]),
        frozenset(["northern"]),
    }


def test_what_nobody_may_see_has_no_part_in_it(router: Router) -> None:
    """Neither as a document nor in how rare a word is."""
    visible = [each for each in DOCUMENTS if not each.startswith("harbour")]
    routing = router.route("What was Best Harbour's revenue in FY2023?", visible)
    assert not {"harbour-2022", "harbour-2023"} & {*routing.shares, *routing.mainly}


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ("amex", "american express company"),
        ("jnj", "johnson johnson"),
        ("jpm", "jpmorgan chase"),
        ("sla", "service level agreement"),
        ("us", "united states"),
    ],
)
def test_abbreviations_are_made_of_beginnings(short: str, name: str) -> None:
    """Of each word, or of the first one."""
    assert abbreviates(short, name.split())


@pytest.mark.parametrize(
    ("short", "name"), [("gaap", "general mills"), ("ge", "general"), ("x", "x y")]
)
def test_other_words_abbreviate_nothing(short: str, name: str) -> None:
    """A common beginning is not enough."""
    assert not abbreviates(short, name.split())
