"""A follow-up as a question that stands alone: the prompt, the reply, the words."""

from __future__ import annotations

import threading

import pytest

from jobs.answering.extractive import Extractive
from jobs.answering.follow_ups import (
    NO_EARLIER_ANSWER,
    NOT_REWRITTEN,
    Understood,
    add_understanding,
    understand,
)
from jobs.cancellation import Cancellation
from jobs.errors import SupersededError
from jobs.llm.rewriting import (
    MAX_STANDALONE_CHARS,
    MAX_TURN_ANSWER_CHARS,
    MAX_TURN_QUESTION_CHARS,
    Rewriting,
    Turn,
    bounded,
    conversation_messages,
    question_in,
)
from jobs.models import Answer, Timings, TokenUse
from tests.waiting import HANG_SECONDS

HOTEL = Turn("What is the hotel limit per night?", "It is EUR 160.")


def test_turn_is_cut_and_loses_its_markers() -> None:
    """A model is given no more than the bounds, however long the answer was."""
    turn = bounded("q " * 2000, "It is EUR 160 [1][2]. " + "word " * 2000)
    assert len(turn.question) == MAX_TURN_QUESTION_CHARS
    assert len(turn.answer) <= MAX_TURN_ANSWER_CHARS
    assert turn.answer.startswith("It is EUR 160. word")
    assert turn.answer.endswith("…")


def test_prompt_has_the_conversation_before_the_question() -> None:
    """Oldest first, the new question last, and nothing of it among the rules."""
    rules, prompt = conversation_messages("And in Oslo?", [HOTEL, Turn("In Ghent?", "The same.")])
    assert prompt["content"] == (
        "Question: What is the hotel limit per night?\nAnswer: It is EUR 160.\n\n"
        "Question: In Ghent?\nAnswer: The same.\n\nLast question: And in Oslo?"
    )
    assert "Oslo" not in rules["content"]


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        ("What is the limit in Oslo?", "What is the limit in Oslo?"),
        ('  "What is the limit\n in Oslo?" ', "What is the limit in Oslo?"),
        ("<think>They mean\nhotels.</think>\nWhat is the limit?", "What is the limit?"),
        ("„Was gilt in Oslo?“", "Was gilt in Oslo?"),
        ("", ""),
        ("word " * MAX_STANDALONE_CHARS, ""),
    ],
)
def test_question_is_found_in_the_reply(reply: str, question: str) -> None:
    """Thoughts, quotation marks and line breaks go; a reply that goes on is no question."""
    assert question_in(reply) == question


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


def test_words_of_the_question_before_are_put_in_front() -> None:
    """Without a model, keywords that the follow-up lacks come from the question before it."""
    rewriting = Extractive().rewrite("And the limits in Oslo?", [Turn("Old?", "x"), HOTEL])
    assert rewriting == Rewriting("hotel night: And the limits in Oslo?")


def test_follow_up_with_all_the_words_stays_as_it_is() -> None:
    """Nothing is put in front of a question that lacks nothing."""
    question = "Is the hotel limit per night higher in Oslo?"
    assert Extractive().rewrite(question, [HOTEL]) == Rewriting(question)
