"""Rewriting a follow-up by a model: the prompt, and the question in the reply."""

from __future__ import annotations

import pytest

from jobs.llm.rewriting import (
    MAX_STANDALONE_CHARS,
    MAX_TURN_ANSWER_CHARS,
    MAX_TURN_QUESTION_CHARS,
    SYSTEM_PROMPT,
    Turn,
    conversation_messages,
    make_turn,
    question_in,
)
from jobs.search.question_parts import split_question

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
    turns = [HOTEL, Turn("In Ghent?", "The same.")]
    rules, prompt = conversation_messages("And in Oslo?", turns, "b7")
    assert prompt["content"] == (
        "Boundary: b7\n\n"
        "<<b7\nQuestion: What is the hotel limit per night?\nb7>>\n\n"
        "<<b7\nAnswer: It is EUR 160.\nb7>>\n\n"
        "<<b7\nQuestion: In Ghent?\nb7>>\n\n<<b7\nAnswer: The same.\nb7>>\n\n"
        "Last question: And in Oslo?"
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


def test_several_questions_of_a_reply_are_the_parts_that_are_searched_for() -> None:
    """The prompt asks for one question for each thing; no other call of the model splits them."""
    assert "write a question for each" in SYSTEM_PROMPT
    reply = "What is the hotel limit in London?\nWhat is the meal limit in London?"
    assert split_question(question_in(reply)) == (
        "What is the hotel limit in London?",
        "What is the meal limit in London?",
    )
