"""Question sets as JSON: one object a line, or a list."""

from __future__ import annotations

import json

import pytest

from jobs.errors import InvalidQuestionSetError
from jobs.question_sets.models import Expectation, Expected, SetQuestion
from jobs.question_sets.parsing import parse_json


def lines(*entries: object) -> str:
    return "\n".join(json.dumps(entry) for entry in entries)


def test_each_line_is_a_question_with_what_is_expected() -> None:
    """Pages may be one number or several; unknown fields do not matter."""
    text = lines(
        {"id": "a", "question": " Hotel? ", "document": "a.pdf", "pages": [3, 4], "kind": "x"},
        {"question": "Dividend?", "document": "b", "page": 9, "words": "EUR 0.28"},
        {"question": "Moon?", "none": True},
    )
    assert parse_json(text + "\n\n") == [
        SetQuestion("a", "Hotel?", Expected(Expectation.EVIDENCE, "a.pdf", (3, 4))),
        SetQuestion("2", "Dividend?", Expected(Expectation.EVIDENCE, "b", (9,), "EUR 0.28")),
        SetQuestion("3", "Moon?", Expected(Expectation.REFUSAL)),
    ]


def test_a_list_is_read_like_lines() -> None:
    """The same entries may come as one JSON list."""
    entry = {"question": "Hotel?", "document": "a.pdf"}
    assert parse_json(f" {json.dumps([entry])}") == parse_json(lines(entry))


def test_without_any_expectation_nobody_knows_what_to_expect() -> None:
    """A plain list of questions is no list of questions that cannot be answered."""
    (question,) = parse_json(lines({"question": "Hotel?"}))
    assert question.expected.kind is Expectation.UNKNOWN


def test_beside_others_a_question_without_a_place_is_one_to_refuse() -> None:
    """In a set that says where answers stand, saying nothing means that there is none."""
    text = lines({"question": "Hotel?", "words": "EUR 160"}, {"question": "Moon?"})
    assert parse_json(text)[1].expected.kind is Expectation.REFUSAL


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no questions"),
        ("[]", "no questions"),
        ("[1", "no valid JSON"),
        ('{"question": "a"}\n{', "Line 2 is no valid JSON"),
        ("[" * 100_000, "no valid JSON"),
        ("3", "Entry 1 is no object"),
        ('{"document": "a"}', "Entry 1 has no “question”"),
        ('{"question": ["a"]}', "“question” is no text"),
        ('{"question": "a", "pages": [1]}', "pages, but no “document”"),
        ('{"question": "a", "document": "b", "pages": [0]}', "numbers from 1"),
        ('{"question": "a", "document": "b", "pages": ["x"]}', "numbers from 1"),
        ('{"question": "a", "document": "b", "none": true}', "both"),
        ('{"id": 1, "question": "a"}\n{"id": "1", "question": "b"}', "Two questions have the id"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, problem: str) -> None:
    """The sentence says which entry, and what is wrong with it."""
    with pytest.raises(InvalidQuestionSetError, match=problem):
        parse_json(text)
