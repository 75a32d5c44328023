"""Finding a passage again on a page."""

from __future__ import annotations

import unicodedata

import pytest

from jobs.extraction.find_passage import find_passage

PAGE = (
    "Annual Report 2025\nDividend\nThe Management Board proposes a dividend of EUR 0.28 per share "
    "for the refriger\u0002ation \ufb01nancial year.\nThe payout is 40 percent of net profit.\n"
    "Page 9 of 9"
)


def marked(page: str, passage: str) -> list[str]:
    spans, _ = find_passage(page, passage)
    return [page[start:end] for start, end in spans]


@pytest.mark.parametrize(
    "passage",
    [
        "The Management Board proposes a dividend of EUR 0.28 per share",
        "the  management\nboard proposes a dividend of EUR 0.28 per share",
        "The Management Board pro-\nposes a dividend of EUR 0.28 per share",
        "**The Management Board** proposes a dividend of EUR 0.28 per share!",
    ],
)
def test_passage_is_found_whatever_stands_between_its_letters(passage: str) -> None:
    """Line breaks, hyphens, case and marks of Markdown make no difference."""
    assert marked(PAGE, passage) == [
        "The Management Board proposes a dividend of EUR 0.28 per share"
    ]
    assert find_passage(PAGE, passage)[1] == 1.0


def test_ligatures_and_hyphens_of_the_page_make_no_difference() -> None:
    """The page's own hyphenation and ligatures are read like the words they stand for."""
    assert marked(PAGE, "share for the refrigeration financial year.") == [
        "share for the refriger\u0002ation \ufb01nancial year"
    ]


def test_accents_may_stand_apart_on_either_side() -> None:
    """A page with e and an accent is the passage's é, and the other way round."""
    composed = "La résiliation du bail à Genève est déclarée reçue"
    apart = unicodedata.normalize("NFD", composed)
    assert find_passage(apart, composed) == ([(0, len(apart))], 1)
    assert find_passage(composed, apart) == ([(0, len(composed))], 1)


def test_raised_figures_are_read_as_figures() -> None:
    """The area in m² of the page is the passage's m2."""
    assert find_passage("4,000 m² of cold storage at the Ghent site", "m2 of cold storage")[1] == 1


def test_only_the_part_on_this_page_is_marked() -> None:
    """A passage that began on the page before is marked from where the page begins."""
    passage = "This stood on another page, at some length. The payout is 40 percent of net profit."
    assert marked(PAGE, passage) == ["The payout is 40 percent of net profit"]
    assert 0 < find_passage(PAGE, passage)[1] < 0.6


def test_what_stands_between_is_not_marked() -> None:
    """A long insertion on the page, such as a footer, splits the mark."""
    page = (
        "The first half of a sentence that goes on FOOTER OF THE COMPANY PAGE 3 and on to its end."
    )
    assert marked(page, "The first half of a sentence that goes on and on to its end.") == [
        "The first half of a sentence that goes on",
        "and on to its end",
    ]


def test_small_difference_is_bridged() -> None:
    """A character that the two programs read differently does not split the mark."""
    page = "The compressor of the second cold room was replaced after 13 years of service."
    passage = page.replace("13", "12")
    assert marked(page, passage) == [page.rstrip(".")]


def test_repeated_words_are_marked_where_most_of_the_passage_stands() -> None:
    """A heading in a table of contents does not win over the chapter."""
    page = "Cooling and refrigeration rules 7\nCooling and refrigeration rules\nDoors stay shut."
    assert marked(page, "Cooling and refrigeration rules\nDoors stay shut.") == [
        "Cooling and refrigeration rules\nDoors stay shut"
    ]


@pytest.mark.parametrize("passage", ["", "— – —", "Nothing of this is on that page, not a phrase."])
def test_passage_that_is_not_there_is_not_marked(passage: str) -> None:
    """Nothing is marked rather than something wrong."""
    assert find_passage(PAGE, passage) == ([], 0.0)


def test_short_passage_is_found_whole_or_not_at_all() -> None:
    """Few letters are looked for all together."""
    assert marked(PAGE, "Page 9") == ["Page 9"]
    assert marked(PAGE, "Page 8") == []


def test_repetitive_page_takes_no_long_time() -> None:
    """A hundred thousand times the same letter: to compare every place would take hours."""
    assert find_passage("a" * 100_000, "a" * 10_000) == ([(0, 10_000)], 1.0)
    places, share = find_passage("ab" * 50_000, "ab" * 2000 + "c" + "ba" * 2000)
    assert places == [(0, 8001)]
    assert share > 0.99
