"""Which questions of a set a second run answered better or worse than a first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from jobs.batches.results_file import csv_line, csv_start
from jobs.question_sets.models import Expectation, Expected, RunResult, SetQuestion, Verdict


class Change(StrEnum):
    """How the second of two runs answered a question."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    CHANGED = "changed"  # otherwise, but nobody knows which is right


@dataclass(frozen=True)
class Compared:
    """One question in two runs. `change` is None where one of them lacks it."""

    question: SetQuestion
    before: RunResult | None
    after: RunResult | None
    change: Change | None


def compare_runs(
    questions: Sequence[SetQuestion], before: Sequence[RunResult], after: Sequence[RunResult]
) -> list[Compared]:
    """Return what became of each question, in the order of the set."""
    one, other = ({result.id: result for result in results} for results in (before, after))
    pairs = ((question, one.get(question.id), other.get(question.id)) for question in questions)
    return [Compared(*pair, change_of(*pair[1:])) for pair in pairs]


def change_of(before: RunResult | None, after: RunResult | None) -> Change | None:
    """Return how a result stands to an earlier one; an answer is better than none."""
    if before is None or after is None:
        return None
    if before.verdict is None or after.verdict is None:
        old, new = before.verdict is not None, after.verdict is not None
        return Change.SAME if old == new else Change.BETTER if new else Change.WORSE
    change = compare(before.verdict, after.verdict)
    is_unknown = after.verdict.expectation is Expectation.UNKNOWN
    if is_unknown and _sources(before) != _sources(after):
        return Change.CHANGED
    return change


def _sources(result: RunResult) -> set[str]:
    """Return what is cited, without the numbers of this answer."""
    return {line.partition("] ")[2] for line in result.citations}


def compare(before: Verdict, after: Verdict) -> Change:
    """Return what became of a question: what is cited counts first, then what was found."""
    if after.expectation is Expectation.UNKNOWN:
        return Change.SAME if before.refused == after.refused else Change.CHANGED
    old, new = _merit(before), _merit(after)
    return Change.SAME if old == new else Change.BETTER if new > old else Change.WORSE


def _merit(verdict: Verdict) -> tuple[float, ...]:
    """Return what can be compared, greater for better."""
    if verdict.expectation is Expectation.REFUSAL:
        return (verdict.refused,)
    found = 1 / verdict.found_at if verdict.found_at else 0.0
    return (verdict.cited, verdict.cited_first, not verdict.refused, found)


def outcome_of(verdict: Verdict | None) -> str:
    """Return in a few words what came of a question; None stands for no answer."""
    if verdict is None:
        return "no answer"
    if verdict.expectation is not Expectation.EVIDENCE:
        return "not in the documents" if verdict.refused else "answered"
    if verdict.cited:
        return "cites it" if verdict.cited_first else "cites it, not first"
    what = "refuses" if verdict.refused else "cites other"
    return f"has it, {what}" if verdict.found_at else f"lacks it, {what}"


def expected_words(expected: Expected) -> str:
    """Return in a few words what is expected of an answer."""
    if expected.kind is Expectation.REFUSAL:
        return "not in the documents"
    if expected.kind is Expectation.UNKNOWN:
        return "not known"
    pages = ", ".join(map(str, expected.pages))
    words = f"“{expected.words}”" if expected.words else ""
    noun = "pages" if len(expected.pages) > 1 else "page"
    return ", ".join(filter(None, [expected.document, pages and f"{noun} {pages}", words]))


def comparison_csv(compared: Sequence[Compared]) -> Iterator[bytes]:
    """Yield a comparison as CSV, a question a row."""
    sides = ("Before", "After")
    parts = ("outcome", "rank", "answer", "citations")
    columns = [f"{side}: {part}" for side in sides for part in parts]
    yield csv_start()
    yield csv_line(["Id", "Question", "Expected", "Change", *columns])
    for each in compared:
        yield csv_line(
            [
                each.question.id,
                each.question.text,
                expected_words(each.question.expected),
                each.change or "",
                *_cells(each.before),
                *_cells(each.after),
            ]
        )


def _cells(result: RunResult | None) -> list[str]:
    if result is None:
        return [""] * 4
    verdict = result.verdict
    rank = str(verdict.found_at or "") if verdict else ""
    return [
        outcome_of(verdict),
        rank,
        result.answer or result.failure,
        "; ".join(result.citations),
    ]
