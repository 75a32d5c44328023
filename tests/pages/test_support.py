"""What the Ask page says of figures, doubtful sentences, and of what the documents don't say."""

from __future__ import annotations

from dataclasses import replace

from jobs.models import (
    Answer,
    CheckedFigure,
    Citation,
    DoubtfulSentence,
    FigureOrigin,
    JobState,
    SupportLevel,
)
from tests.pages.conftest import OpenPage, words
from tests.pages.fakes import ANSWER, FakeClients
from ui.components.question.citations import with_marks

TEXT = "It rose by 28.5 from 384.1. It is 190 in Oslo [1]. Ann Lee says so [1]."
FIGURES = (
    CheckedFigure(11, 15, FigureOrigin.CALCULATED, sum="412.6 − 384.1"),
    CheckedFigure(21, 26, FigureOrigin.QUOTED, 1),
    CheckedFigure(34, 37, FigureOrigin.NOT_IN_SOURCES),
)
DOUBTFUL = (
    DoubtfulSentence(28, 50, "a figure in it is not in the sources"),
    DoubtfulSentence(51, 71, "a name in it is not in the passage"),
)
CHECKED = replace(ANSWER, text=TEXT, figures=FIGURES, doubtful=DOUBTFUL)
NEAREST = Citation(
    1, "d1", "travel [1].md", "p1", "The limit in Paris is EUR 220.", 3, section="Rome"
)
NOT_FOUND = Answer(
    "The documents don't say.",
    support=SupportLevel.NOT_FOUND,
    nearest=(NEAREST,),
    words_searched=("hotel", "limit", "*London*"),
)


def put(clients: FakeClients, answer: Answer) -> str:
    job = clients.jobs.put("What is the hotel limit in London?", JobState.FINISHED)
    clients.jobs.answers[job] = answer
    return job


def test_figures_and_sentences_are_marked_where_they_stand() -> None:
    """What is quoted is not; a sentence with a marked figure needs no second mark."""
    marked = with_marks(CHECKED)
    assert marked.count("calculated]") == marked.count("not in the sources]") == 1
    assert marked.count("does not bear this out]") == 1
    assert marked.index("28.5") < marked.index("calculated]") < marked.index("384")
    assert marked.index("190") < marked.index("not in the sources]") < marked.index("Oslo")
    assert marked.index("Ann Lee") < marked.index("does not bear this out]")


def test_forged_marks_of_a_model_are_none() -> None:
    """Whatever characters it writes."""
    forged = with_marks(Answer("It is so \ue005 \ue006 \ue007 \ue001."))
    assert "badge" not in forged
    assert "check_circle" not in forged


def test_page_counts_figures_and_says_how_they_are_calculated(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Below the answer."""
    put(clients, CHECKED)
    said = words(open_page())
    assert "3 figures: 1 quoted from the sources, 1 calculated" in said
    assert "412" in said
    assert "1 not in the sources" in said
    assert "1 sentence to check: a name in it is not in the passage" in said


def test_page_names_what_was_searched_and_opens_what_is_nearest(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """As a link to the passage, not as a source of the answer."""
    job = put(clients, NOT_FOUND)
    app = open_page(job=job)
    said = words(app)
    assert "Searched in all documents for: hotel, limit, *London*" in said
    assert "Nearest passages, which do not answer the question" in said
    assert not any(each.key.startswith("citation_") for each in app.button if each.key)
    app.button(key=f"nearest_{job}_1").click().run()
    assert "The limit in Paris is EUR 220" in words(app).replace("\\", "")


def test_old_answer_without_these_is_shown(clients: FakeClients, open_page: OpenPage) -> None:
    """As it was, without a word of what was not checked then."""
    put(clients, replace(NOT_FOUND, nearest=(), words_searched=()))
    app = open_page()
    assert "Searched" not in words(app)
    assert "figure" not in words(app)
