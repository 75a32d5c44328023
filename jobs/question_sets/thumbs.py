"""Questions for a set from what a user thinks of their own answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jobs.models import Answer, Citation, JobState, JobView, SupportLevel
from jobs.question_sets.models import Expectation, Expected, SetQuestion
from jobs.questions.client import JobClient
from jobs.questions.query import JobQuery

CHUNK = 200
MAX_PAGES = 50


def rated_questions(jobs: JobClient, user: str, most: int) -> list[SetQuestion]:
    """Return the questions that the user has rated, the newest first, each once; at most `most`.

    An answer that was useful says what to expect: the document and the pages that it cites first,
    or that the documents don't say. Of one that was not, nobody knows.
    """
    questions: dict[str, SetQuestion] = {}
    for job, answer in _rated(jobs, user):
        text = answer.standalone or job.asked.text
        if len(questions) < most and text not in questions:
            is_useful = job.feedback is not None and job.feedback.useful
            expected = _expected(answer) if is_useful else Expected()
            questions[text] = SetQuestion(str(len(questions) + 1), text, expected)
    return list(questions.values())


def _rated(jobs: JobClient, user: str) -> Iterator[tuple[JobView, Answer]]:
    ids = jobs.find_jobs(user, JobQuery(states=frozenset({JobState.FINISHED})))
    for start in range(0, len(ids), CHUNK):
        views = jobs.read_jobs(user, ids[start : start + CHUNK])
        rated = [view.id for view in views if view.feedback is not None]
        for job, answer in jobs.answers_of(user, rated) if rated else ():
            if answer is not None:
                yield job, answer


def _expected(answer: Answer) -> Expected:
    if answer.support is SupportLevel.NOT_FOUND:
        return Expected(Expectation.REFUSAL)
    if not answer.citations:
        return Expected()
    document = answer.citations[0].document_name
    cited = (each for each in answer.citations if each.document_name == document)
    return Expected(Expectation.EVIDENCE, document, tuple(_pages(cited))[:MAX_PAGES])


def _pages(citations: Iterable[Citation]) -> list[int]:
    """Return the pages on which the cited passages begin, each once."""
    return sorted({citation.page for citation in citations if citation.page is not None})
