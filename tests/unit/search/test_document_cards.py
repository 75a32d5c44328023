"""The cards that tell documents apart."""

from __future__ import annotations

from jobs.extraction.chunking import Piece
from jobs.models import DocumentCard
from jobs.search.document_cards import OPENING_CHARS, make_card

REPORT = [
    Piece("ANNUAL REPORT\n\nfor the year ended December 31, 2023\n\nBest Harbour & Sons plc", 1, 1),
    *[
        Piece(f"In 2023, the sales of Best Harbour & Sons were higher than in 2022. {n}", 2, 2)
        for n in range(6)
    ],
]


def test_a_card_has_language_opening_names_and_years() -> None:
    """Names are those of the first page that come again, years the commonest."""
    card = make_card(REPORT)
    assert card.language == "en"
    assert card.opening.startswith("ANNUAL REPORT for the year")
    assert card.names == "Best Harbour & Sons"
    assert card.years == "2023 2022"


def test_a_card_is_small() -> None:
    """However long a document and its first page are."""
    card = make_card([Piece("Word " * 5_000, 1, 1)] * 50)
    assert len(card.opening) <= OPENING_CHARS


def test_months_and_words_that_begin_sentences_are_no_names() -> None:
    """They tell no document from another."""
    pieces = [Piece("The December report. Sales rose. The sales of December rose.", 1, 1)] * 4
    assert make_card(pieces).names == ""


def test_a_document_without_passages_has_an_empty_card() -> None:
    """Such as an archive, whose files are documents of their own."""
    assert make_card([]) == DocumentCard()


def test_figures_are_no_years() -> None:
    """ "1,950" and "2018.5" are none."""
    assert make_card([Piece("1,950 and 2018.5 and AB-2019 and 2021", 1, 1)] * 4).years == "2021"
