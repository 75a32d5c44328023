"""A follow-up is answered as a question that stands alone, or as it is."""

from __future__ import annotations

import threading

import pytest

from jobs.answering.follow_ups import (
    NO_EARLIER_ANSWER,
    NOT_REWRITTEN,
    Understood,
    add_understanding,
    understand,
)
from jobs.cancellation import Cancellation
from jobs.errors import SupersededError
from jobs.llm.rewriting import Rewriting, Turn
from jobs.models import Answer, Timings, TokenUse
from tests.waiting import HANG_SECONDS

HOTEL = Turn("What is the hotel limit per night?", "It is EUR 160.")


def test_follow_up_that_is_rewritten_is_answered_as_such() -> None:
    """The text, and what it took, are those of the rewriting."""
    understood = understand(
        "And in Oslo?",
        [HOTEL],
        lambda question, turns: Rewriting(f"{turns[-1].question} {question}", TokenUse(7, 3)),
        Cancellation(),
    )
    assert understood.text == "What is the hotel limit per night? And in Oslo?"
    assert (understood.tokens, understood.note) == (TokenUse(7, 3), "")


def test_follow_up_to_nothing_is_answered_as_it_stands() -> None:
    """Without an earlier answer nobody is asked to rewrite, and a note says why."""

    def rewrite(question: str, turns: object) -> Rewriting:
        raise AssertionError("there is nothing to rewrite it with")

    assert understand("And in Oslo?", [], rewrite, Cancellation()) == Understood(
        "And in Oslo?", note=NO_EARLIER_ANSWER
    )


def test_follow_up_that_the_model_does_not_rewrite_is_answered_as_it_stands() -> None:
    """An unusable reply costs its tokens, and no answer."""
    understood = understand(
        "And in Oslo?", [HOTEL], lambda *_: Rewriting("", TokenUse(7, 900)), Cancellation()
    )
    assert (understood.text, understood.note) == ("And in Oslo?", NOT_REWRITTEN)
    assert understood.tokens == TokenUse(7, 900)


def test_silent_model_does_not_hold_up_a_stop() -> None:
    """While it is asked to rewrite, a stop is noticed before it replies."""
    release, replied, cancellation = threading.Event(), threading.Event(), Cancellation()

    def rewrite(question: str, turns: object) -> Rewriting:
        release.wait(HANG_SECONDS)
        replied.set()
        return Rewriting("late")

    threading.Timer(0.05, cancellation.supersede).start()
    try:
        with pytest.raises(SupersededError):
            understand("And in Oslo?", [HOTEL], rewrite, cancellation)
        assert not replied.is_set()
    finally:
        release.set()


def test_answer_counts_what_the_rewriting_took() -> None:
    """Its seconds come before the first word, its tokens are among the tokens."""
    answer = Answer(
        "It is 160 [1].", timings=Timings(first_token=0.5), tokens=TokenUse(10, 2), notes=("late",)
    )
    understood = Understood("What is the limit in Oslo?", 0.25, TokenUse(7, 3), "note")
    result = add_understanding(answer, "And in Oslo?", understood)
    assert result.standalone == "What is the limit in Oslo?"
    assert (result.timings.rewriting, result.timings.first_token) == (0.25, 0.75)
    assert result.tokens == TokenUse(17, 5)
    assert result.notes == ("note", "late")


def test_question_that_stands_alone_already_is_not_shown_twice() -> None:
    """Line breaks apart, the rewritten question is the one that was asked."""
    same = Understood("What is the limit in Oslo?")
    assert add_understanding(Answer("x"), "What is the\nlimit in Oslo?", same).standalone == ""
