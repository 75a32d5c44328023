"""Reads question sets from entries of JSON: one object a line, or a list of them.

The fields are `question`, `document`, `pages` (a number or a list), `words`, `none` (true for a
question that the documents don't answer) and `id`; all but the first may be missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobs.errors import InvalidQuestionSetError
from jobs.question_sets.models import Expectation, Expected, SetQuestion


def parse_json(text: str) -> list[SetQuestion]:
    """Return the questions of JSON lines or of a JSON list; raises InvalidQuestionSetError."""
    if text.lstrip().startswith("["):
        try:
            entries = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidQuestionSetError("This is no valid JSON.") from error
        return from_entries(entries)
    return from_entries(list(_lines(text)))


def from_entries(
    entries: Sequence[Any], numbers: Sequence[int] | None = None, what: str = "Entry"
) -> list[SetQuestion]:
    """Return the questions of entries, in order; raises InvalidQuestionSetError.

    `numbers` say where people find each, such as in the rows of a table (`what`). Without
    `document`, `pages` and `words`, a question is one that the documents don't answer; but if no
    entry of the set has any of them, nobody knows yet what to expect.
    """
    places = (f"{what} {number}" for number in numbers or range(1, len(entries) + 1))
    parsed = [
        _parse(place, str(number), entry)
        for number, (place, entry) in enumerate(zip(places, entries, strict=True), start=1)
    ]
    if not parsed:
        raise InvalidQuestionSetError("There are no questions in it.")
    says = any(question.expected.kind is not Expectation.UNKNOWN for question in parsed)
    questions: dict[str, SetQuestion] = {}
    for question in parsed:
        if question.id in questions:
            raise InvalidQuestionSetError(
                f"Two questions have the id “{question.id}”. Give each one of its own, or none."
            )
        if says and question.expected.kind is Expectation.UNKNOWN:
            question = SetQuestion(question.id, question.text, Expected(Expectation.REFUSAL))
        questions[question.id] = question
    return list(questions.values())


def _lines(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InvalidQuestionSetError(f"Line {number} is no valid JSON.") from error


def _parse(place: str, number: str, entry: Any) -> SetQuestion:
    if not isinstance(entry, Mapping):
        raise InvalidQuestionSetError(
            f'{place} is no object. Write {{"question": "…", "document": "…"}}.'
        )
    text = _text(place, entry, "question")
    if not text:
        raise InvalidQuestionSetError(f"{place} has no “question”.")
    return SetQuestion(_text(place, entry, "id") or number, text, _expected(place, entry))


def _expected(place: str, entry: Mapping[str, Any]) -> Expected:
    document = _text(place, entry, "document")
    pages = _pages(place, entry)
    words = _text(place, entry, "words")
    if entry.get("none"):
        if document or pages or words:
            raise InvalidQuestionSetError(
                f"{place} says both where the answer is and that there is none."
            )
        return Expected(Expectation.REFUSAL)
    if pages and not document:
        raise InvalidQuestionSetError(f"{place} has pages, but no “document”.")
    if not (document or words):
        return Expected()
    return Expected(Expectation.EVIDENCE, document, pages, words)


def _text(place: str, entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if value is None:
        return ""
    if not isinstance(value, str | int):
        raise InvalidQuestionSetError(f"{place}: “{name}” is no text.")
    return str(value).strip()


def _pages(place: str, entry: Mapping[str, Any]) -> tuple[int, ...]:
    value = entry.get("pages", entry.get("page"))
    pages = value if isinstance(value, list) else [] if value is None else [value]
    if not all(type(page) is int and page > 0 for page in pages):
        raise InvalidQuestionSetError(f"{place}: pages are numbers from 1, such as [3, 4].")
    return tuple(pages)
