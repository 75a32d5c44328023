"""Answers that quote."""

from __future__ import annotations

from jobs.answering.extractive import Extractive, best_quotes, split_sentences
from jobs.llm.rewriting import Rewriting, Turn
from jobs.models import Passage

HOTEL = Turn("What is the hotel limit per night?", "It is EUR 160.")


def passage(text: str, number: int = 1) -> Passage:
    return Passage(str(number), "d", "d.md", text)


TRAVEL = passage(
    "# Hotels\n\nBook early. The hotel limit is EUR 160 per night, including breakfast.\n"
    "- Taxis are paid with a receipt.\n"
)
OTHER = passage("The warehouse in Ghent opened in 2014 and holds 31,500 pallets.", 2)


def test_best_sentence_is_quoted_with_its_passage() -> None:
    """The sentence that holds the question's words comes first, cited by passage number."""
    quotes = best_quotes("What is the hotel limit per night?", [OTHER, TRAVEL])
    assert quotes[0].sentence == "The hotel limit is EUR 160 per night, including breakfast."
    assert quotes[0].number == 2


def test_inflected_words_meet() -> None:
    """A question about opening finds a sentence that says opened."""
    assert best_quotes("When did the Ghent warehouses open?", [TRAVEL, OTHER])[0].number == 2


def test_unrelated_question_has_no_quote() -> None:
    """Better nothing than a sentence that shares one word."""
    assert best_quotes("Who won the world cup of 1998?", [TRAVEL, OTHER]) == []
    assert list(Extractive().stream("Who won the world cup of 1998?", [TRAVEL])) == []


def test_same_sentence_of_overlapping_passages_is_quoted_once() -> None:
    """Passages overlap; the answer does not repeat itself."""
    assert len(best_quotes("What is the hotel limit per night?", [TRAVEL, TRAVEL])) == 1


def test_markdown_and_wrapped_lines_become_plain_sentences() -> None:
    """Headings are left out, markup and hard line breaks go, items stand alone."""
    text = (
        "## Title\n\nA **bold** claim that\nis wrapped. See [the page](x.html) now please.\n"
        "- An item of the list"
    )
    assert split_sentences(text) == [
        "A bold claim that is wrapped.",
        "See the page now please.",
        "An item of the list",
    ]


def test_abbreviation_and_decimal_do_not_end_a_sentence() -> None:
    """e.g. and 3.1 stay inside."""
    assert split_sentences("Use e.g. Ghent for 3.1 MW plants there.") == [
        "Use e.g. Ghent for 3.1 MW plants there."
    ]


def test_pdf_heading_is_not_part_of_the_sentence_below() -> None:
    """A short line without a stop, between sentences, is a heading."""
    assert split_sentences(
        "It was so in 2025.\nDividend\nThe Board proposes EUR 0.28 per share."
    ) == [
        "It was so in 2025.",
        "The Board proposes EUR 0.28 per share.",
    ]


def test_words_of_the_question_before_are_put_in_front() -> None:
    """Without a model, keywords that the follow-up lacks come from the question before it."""
    rewriting = Extractive().rewrite("And the limits in Oslo?", [Turn("Old?", "x"), HOTEL])
    assert rewriting == Rewriting("hotel night: And the limits in Oslo?")


def test_follow_up_with_all_the_words_stays_as_it_is() -> None:
    """Nothing is put in front of a question that lacks nothing."""
    question = "Is the hotel limit per night higher in Oslo?"
    assert Extractive().rewrite(question, [HOTEL]) == Rewriting(question)
