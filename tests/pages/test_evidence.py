"""Citations as they open on the Ask page, and what is said of how an answer stands on them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from jobs.errors import BrokerUnavailableError, UnreadablePageError
from jobs.models import Answer, CheckedQuote, Citation, Document, JobState, SupportLevel
from tests.pages.conftest import OpenPage, button_keys, words
from tests.pages.fakes import ANSWER, FakeClients
from ui.components.common.text import plain
from ui.components.question.citations import with_marks
from ui.components.question.source_dialog import changes_since

PDF = Citation(2, "d2", "report.pdf", "p2", "The dividend rises.", 9, 9, 0.5, "Above.", "Below.")
TEXT = Citation(1, "d1", "policy.md", "p1", "The limit is EUR 160.", None, None, 0.9, "So.", "Yes.")
BOTH = replace(ANSWER, citations=(PDF, TEXT))


def put(clients: FakeClients, answer: Answer = BOTH) -> str:
    job = clients.jobs.put("What is the hotel limit?", JobState.FINISHED)
    clients.jobs.answers[job] = answer
    return job


def originals(app: AppTest) -> list[Any]:
    """The buttons that download a document, not those for the answer or all questions."""
    own = ("export", "download_")
    return [each for each in app.get("link_button") if not each.key.startswith(own)]


def test_citation_opens_between_its_neighbours(clients: FakeClients, open_page: OpenPage) -> None:
    """Of a format without pictures the passage shows with what stands before and after."""
    job = put(clients)
    app = open_page()
    assert "The limit is EUR 160." not in words(app)
    app.button(key=f"citation_{job}_1").click().run()
    text = words(app)
    assert "So." in text
    assert ":yellow-background[The limit is EUR 160.]" in text
    assert "Yes." in text
    assert "Retrieval score 0.9" in text
    assert clients.pictures.drawn == []


def test_citation_of_a_pdf_opens_its_page(clients: FakeClients, open_page: OpenPage) -> None:
    """Of a PDF the page of the passage is drawn, and the download is there."""
    job = put(clients)
    app = open_page()
    app.button(key=f"citation_{job}_2").click().run()
    assert clients.pictures.drawn == [("report.pdf", 9)]
    assert "Page 9 of 9" in words(app)
    assert "could be found" not in words(app)
    assert [button.label for button in originals(app)] == ["Download the original"]


def test_source_says_where_in_its_document_it_stands(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """The cells or the printed page, and the headings above it."""
    cited = replace(TEXT, place="Prices!A2:C9", section="Fees › Harbour_dues")
    job = put(clients, replace(ANSWER, citations=(cited,)))
    app = open_page()
    assert plain("Prices!A2:C9") in app.button(key=f"citation_{job}_1").label
    app.button(key=f"citation_{job}_1").click().run()
    assert [each.value for each in app.caption if "Fees" in each.value] == [
        f":material/segment: {plain(cited.section)}"
    ]


@pytest.mark.parametrize(
    ("share", "sentence"), [(0.0, "could not be found"), (0.5, "Only part of the passage")]
)
def test_place_that_was_not_found_is_told(
    clients: FakeClients, open_page: OpenPage, share: float, sentence: str
) -> None:
    """A page on which the passage could not be marked, or not all of it, says so."""
    job = put(clients)
    clients.pictures.share = share
    app = open_page()
    app.button(key=f"citation_{job}_2").click().run()
    assert sentence in words(app)


def test_page_that_cannot_be_drawn_is_a_sentence(clients: FakeClients, open_page: OpenPage) -> None:
    """The passage's words and the download stay when its page is hostile."""
    job = put(clients)
    clients.pictures.error = UnreadablePageError()
    app = open_page()
    app.button(key=f"citation_{job}_2").click().run()
    assert "This page cannot be drawn." in words(app)
    assert "The dividend rises." in words(app)


def test_source_that_is_gone_keeps_its_words(clients: FakeClients, open_page: OpenPage) -> None:
    """Without the original the words that were kept show in their context, and no download."""
    job = put(clients)
    clients.pictures.gone = True
    app = open_page()
    app.button(key=f"citation_{job}_2").click().run()
    assert "The original is no longer there." in words(app)
    assert "Above." in words(app)
    assert not originals(app)
    assert clients.pictures.drawn == []


def test_passage_over_two_pages_offers_both(clients: FakeClients, open_page: OpenPage) -> None:
    """A passage that goes on overleaf shows its first page and leads to the next."""
    job = put(clients, replace(ANSWER, citations=(replace(PDF, page=3, last_page=4),)))
    app = open_page()
    app.button(key=f"citation_{job}_2").click().run()
    assert clients.pictures.drawn == [("report.pdf", 3)]
    [choice] = [each for each in app.button_group if each.key == "source_page_p2"]
    choice.set_value(4).run()
    assert clients.pictures.drawn[-1] == ("report.pdf", 4)
    assert "Page 4 of 9" in words(app)


def test_next_and_previous_walk_through_the_citations(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """The steps lead from one source to the next by number, and end at the ends."""
    job = put(clients)
    app = open_page()
    app.button(key=f"citation_{job}_1").click().run()
    assert app.button(key="source_previous").disabled
    app.button(key="source_next").click().run()
    assert "The dividend rises." in words(app)
    assert app.button(key="source_next").disabled
    app.button(key="source_previous").click().run()
    assert "The limit is EUR 160." in words(app)


def test_single_citation_has_no_steps(clients: FakeClients, open_page: OpenPage) -> None:
    """Where there is one source, nothing leads to another."""
    job = put(clients, replace(ANSWER, citations=(TEXT,)))
    app = open_page()
    app.button(key=f"citation_{job}_1").click().run()
    assert not {"source_next", "source_previous"} & button_keys(app)


def test_quotes_are_marked_where_they_stand(clients: FakeClients, open_page: OpenPage) -> None:
    """Behind each quote a mark says whether a source has it; a line counts them."""
    text = "He says “the limit is EUR 160” [1] and “there is none at all” [1]."
    quotes = tuple(
        CheckedQuote(text.index("“" + start), text.index("”", text.index(start)) + 1, number)
        for start, number in (("the", 1), ("there", None))
    )
    put(clients, replace(BOTH, text=text, quotes=quotes))
    said = words(open_page())
    assert "160” :green[:material/check_circle:] [:blue-badge[1]](#source-1" in said
    assert "at all” :orange-badge[:material/help: not word for word] [:blue-badge[1]](" in said
    assert "1 of 2 quotes found word for word" in said


def test_text_cannot_forge_the_mark_of_a_quote() -> None:
    """Neither the mark's stand-in nor its Markdown, written by a model, becomes a mark."""
    forged = "“made up\ue001” :green[:material/check_circle:]"
    assert ":green[:material/check_circle:]" not in with_marks(Answer(forged))


def test_sentences_without_a_citation_are_counted(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """An answer of which a part stands on nothing says how large that part is."""
    put(clients, replace(BOTH, sentences=5, uncited_sentences=2))
    assert "2 of 5 sentences without a citation." in words(open_page())


def test_answer_that_ties_no_sentence_to_a_source_is_labelled(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Sources in a list at the end support no sentence, and the page says so."""
    support = SupportLevel.UNSUPPORTED
    put(clients, replace(BOTH, support=support, sentences=3, uncited_sentences=3))
    assert "No sentence of this answer carries a citation." in words(open_page())


def test_deleted_source_marks_the_answer(clients: FakeClients, open_page: OpenPage) -> None:
    """An answer whose document was deleted since says so, and asks again with one click."""
    job = put(clients)
    app = open_page()
    assert "sources have changed" not in words(app)
    clients.documents.deleted = {"d1"}
    app.run()
    assert "The sources have changed since this answer." in words(app)
    assert "“policy.md” was deleted." in words(app)
    app.button(key=f"ask_again_{job}").click().run()
    assert clients.jobs.done("submit") == ["What is the hotel limit?"]
    assert app.header[0].value == "What is the hotel limit?"
    assert f"stop_{list(clients.jobs.jobs)[-1]}" in button_keys(app)


def test_source_indexed_again_marks_the_answer(clients: FakeClients, open_page: OpenPage) -> None:
    """So does one that was indexed again after the answer was begun."""
    put(clients)
    clients.documents.indexed_at = {"d2": time.time() + 1}
    said = words(open_page())
    assert "“report.pdf” was indexed again." in said
    assert "policy.md” was" not in said


def test_register_is_read_for_the_shown_answer_alone(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """One read, of its own documents; none for an answer without citations."""
    for _ in range(3):
        put(clients)
    open_page()
    assert set(clients.documents.found[0]) == {"d1", "d2"}
    assert {frozenset(ids) for ids in clients.documents.found} == {frozenset({"d1", "d2"})}
    clients.documents.found.clear()
    put(clients, replace(ANSWER, citations=(), support=SupportLevel.NOT_FOUND))
    open_page()
    assert clients.documents.found == []


def test_changes_are_later_than_the_answer() -> None:
    """A document indexed before the question was taken up has not changed since."""
    there = {
        "d1": Document("d1", "a.md", 1, indexed_at=9.0),
        "d2": Document("d2", "b.md", 1, indexed_at=11.0),
        "d3": Document("d3", "c.md", 1),  # indexed by a version that did not note when
    }
    names = {"d1": "a.md", "d2": "b.md", "d3": "c.md", "d4": "d.md"}
    assert [line.replace("\\", "") for line in changes_since(names, there, 10.0)] == [
        "“b.md” was indexed again.",
        "“d.md” was deleted.",
    ]


def test_outage_leaves_no_trace_where_a_source_is_open(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """A source that is open stays readable while the queue is away: its answer is in memory."""
    job = put(clients)
    app = open_page()
    app.button(key=f"citation_{job}_1").click().run()
    clients.jobs.error = BrokerUnavailableError()
    app.run()
    assert not app.exception
    assert "The limit is EUR 160." in words(app)


def test_source_closes_with_its_question(clients: FakeClients, open_page: OpenPage) -> None:
    """When the question is deleted elsewhere, its source is not shown any longer."""
    job = put(clients)
    app = open_page()
    app.button(key=f"citation_{job}_1").click().run()
    del clients.jobs.jobs[job]
    app.session_state["answer"] = None
    app.run()
    assert not app.exception
    assert "The limit is EUR 160." not in words(app)
