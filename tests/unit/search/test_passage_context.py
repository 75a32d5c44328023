"""What stands in front of each passage for search alone."""

from __future__ import annotations

import pytest

from jobs.extraction.chunking import Piece
from jobs.search.passage_context import contexts, readable_name, terms_of_passages


def page(number: int, *texts: str, section: str = "") -> list[Piece]:
    return [Piece(text, number, number, section=section) for text in texts]


def test_each_passage_has_the_name_of_its_document_and_its_headings() -> None:
    """A passage below a heading is found by it, and by the document's name."""
    [context] = contexts("rental_contract-2024.pdf", [Piece("EUR 100", section="Costs › Deposit")])
    assert context == "rental contract-2024\nCosts › Deposit"


def test_later_passages_of_a_page_have_its_head() -> None:
    """The end of a long table is found by the title of the page."""
    pieces = page(1, "Statement of cash flows\n(in millions)\nSales 1", "Dividends paid 3")
    first, second = contexts("report.pdf", pieces)
    assert "Statement of cash flows" in second
    assert "(in millions)" in second
    # It has its own head in its text.
    assert "Statement" not in first


def test_what_stands_on_every_page_is_left_out() -> None:
    """The head that runs through a document tells no page from another."""
    pieces = [
        piece
        for number, topic in enumerate("abcdefghijkl", start=1)
        for piece in page(number, f"Example plc, page {number}\nTopic {topic}", "More text")
    ]
    context = contexts("report.pdf", pieces)[3]
    assert "Topic b" in context
    assert "Example plc" not in context


def test_documents_without_pages_have_no_heads() -> None:
    """A text without pages has its name alone."""
    assert contexts("notes.txt", [Piece("One."), Piece("Two.")]) == ["notes", "notes"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rental_contract-2024.pdf", "rental contract-2024"),
        ("RentalContract2024.docx", "Rental Contract 2024"),
        ("Bericht 2024.final.pdf", "Bericht 2024.final"),
        ("README", "README"),
        ("会议记录.txt", "会议记录"),
    ],
)
def test_names_of_files_are_read_as_words(name: str, words: str) -> None:
    """As far as capitals and marks tell where they begin."""
    assert readable_name(name) == words


def test_terms_are_those_of_the_passage_and_of_what_stands_before_it() -> None:
    """In the language of the document."""
    [terms] = terms_of_passages("Mietvertrag.pdf", [Piece("Die Kündigungen")], "de")
    assert {"mietvertrag", "kundig"} <= set(terms)
