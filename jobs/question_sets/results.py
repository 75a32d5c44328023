"""What came of a run: each answer judged, and all of them counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from statistics import fmean

from jobs.batches.models import LineResult
from jobs.batches.results_file import source_line
from jobs.models import TokenUse
from jobs.question_sets.judging import judge
from jobs.question_sets.models import Expectation, Run, RunResult, SetQuestion

# Of an answer, as much as is read side by side. Valkey holds the answers of all runs.
ANSWER_CHARS = 1500
NO_ANSWER = "There is no answer: the question was stopped, or its time was over."


def results_of(questions: Sequence[SetQuestion], lines: Iterable[LineResult]) -> list[RunResult]:
    """Judge the lines of a run's batch, which are its questions in their order."""
    pairs = zip_longest(questions, lines)
    return [_result(question, line) for question, line in pairs if question is not None]


def _result(question: SetQuestion, line: LineResult | None) -> RunResult:
    answer = line.answer if line else None
    if answer is None:
        failure = line.failure if line else None
        return RunResult(question.id, failure=failure.message if failure else NO_ANSWER)
    timings = answer.timings
    return RunResult(
        question.id,
        judge(question.expected, answer),
        answer=answer.text[:ANSWER_CHARS],
        citations=tuple(source_line(citation) for citation in answer.citations),
        seconds=max(0.0, timings.total - timings.queue - timings.earlier - timings.retry_waits),
        tokens=answer.tokens,
    )


def ended(run: Run, results: Sequence[RunResult], ended_at: float) -> Run:
    """Return the run with its results counted."""
    answered = [result for result in results if result.verdict]
    verdicts = [result.verdict for result in answered if result.verdict]
    evidence = [each for each in verdicts if each.expectation is Expectation.EVIDENCE]
    refusals = [each for each in verdicts if each.expectation is Expectation.REFUSAL]
    tokens = [result.tokens for result in answered] or [TokenUse()]
    return replace(
        run,
        ended_at=ended_at,
        answered=len(answered),
        failed=len(results) - len(answered),
        evidence=len(evidence),
        found=sum(each.found_at is not None for each in evidence),
        cited=sum(each.cited for each in evidence),
        refused_wrongly=sum(each.refused for each in evidence),
        refusals=len(refusals),
        refused_rightly=sum(each.refused for each in refusals),
        seconds=fmean(result.seconds for result in answered) if answered else 0.0,
        prompt_tokens=round(fmean(each.prompt for each in tokens)),
        completion_tokens=round(fmean(each.completion for each in tokens)),
    )
