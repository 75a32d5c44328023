"""Rewriting a follow-up by a model: the prompt, and the question in the reply."""

from __future__ import annotations

import pytest

from jobs.llm.rewriting import (
    MAX_STANDALONE_CHARS,
    MAX_TURN_ANSWER_CHARS,
    MAX_TURN_QUESTION_CHARS,
    Turn,
    conversation_messages,
    make_turn,
    question_in,
)

HOTEL = Turn("What is the hotel limit per night?", "It is EUR 160.")


def test_turn_is_cut_and_loses_its_markers() -> None:
    """A model is given no more than the bounds, however long the answer was."""
    turn = make_turn("q " * 2000, "It is EUR 160 [1][2]. " + "word " * 2000)
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
    """Thoughts, quotation marks and line breaks go; an endless reply is no question."""
    assert question_in(reply) == question
