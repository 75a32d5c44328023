"""Answers are judged by what they cite, and by whether they should have said nothing."""

from __future__ import annotations

import pytest

from jobs.models import Answer, Citation, Passage, SupportLevel
from jobs.question_sets.judging import document_rank_of, has_evidence, judge, rank_of
from jobs.question_sets.models import Expectation, Expected, Verdict

EVIDENCE = Expected(Expectation.EVIDENCE, "report.pdf", (7,))


def passage(name: str = "report.pdf", page: int | None = 7, last: int | None = None) -> Passage:
    return Passage("p", "d", name, "The hotel limit\nis EUR 160.", page=page, last_page=last)


def citation(number: int, page: int) -> Citation:
    return Citation(number, "d", "report.pdf", f"p{number}", "text", page=page)


@pytest.mark.parametrize("name", ["report.pdf", "Report.PDF", "report"])
def test_a_document_is_known_by_its_name_with_or_without_extension(name: str) -> None:
    """A question may name the document either way, in any case."""
    assert has_evidence(Expected(Expectation.EVIDENCE, name, (7,)), passage())


def test_another_document_is_no_evidence() -> None:
    """The right page of a wrong document does not count."""
    assert not has_evidence(EVIDENCE, passage("report-2.pdf"))
    assert not has_evidence(EVIDENCE, passage("report.docx"))


@pytest.mark.parametrize(
    ("first", "last", "has"),
    [(7, None, True), (6, 7, True), (6, 8, True), (8, 9, False), (None, None, False)],
)
def test_a_passage_covers_the_pages_that_it_runs_over(
    first: int | None, last: int | None, has: bool
) -> None:
    """A passage that begins on one page and ends on the next covers both."""
    assert has_evidence(EVIDENCE, passage(page=first, last=last)) is has


def test_words_are_compared_without_regard_to_white_space_and_case() -> None:
    """The words may run over the end of a line."""
    words = Expected(Expectation.EVIDENCE, words="hotel Limit is eur 160")
    assert has_evidence(words, passage())
    assert not has_evidence(Expected(Expectation.EVIDENCE, words="EUR 190"), passage())


def test_ranks_are_of_the_first_that_fits() -> None:
    """The rank of the evidence, and that of the document, count from one."""
    sources = [passage("other.pdf"), passage(page=3), passage(page=7), passage(page=7)]
    assert rank_of(EVIDENCE, sources) == 3
    assert document_rank_of(EVIDENCE, sources) == 2
    assert rank_of(EVIDENCE, sources[:2]) is None


def test_an_answer_is_right_that_cites_the_page() -> None:
    """A further citation of the page is enough; the first one is told apart."""
    answer = Answer("…", (citation(2, 3), citation(1, 7)), passages=(passage(), passage(page=3)))
    verdict = judge(EVIDENCE, answer)
    assert verdict == Verdict(
        Expectation.EVIDENCE, refused=False, found_at=1, document_cited=True, cited=True
    )
    assert verdict.is_right


def test_what_was_given_and_not_cited_is_not_right() -> None:
    """The evidence among the passages is told apart from the evidence cited."""
    verdict = judge(EVIDENCE, Answer("…", (citation(2, 3),), passages=(passage(),)))
    assert (verdict.found_at, verdict.cited, verdict.is_right) == (1, False, False)


@pytest.mark.parametrize(
    ("kind", "right"),
    [(Expectation.REFUSAL, True), (Expectation.EVIDENCE, False), (Expectation.UNKNOWN, None)],
)
def test_a_refusal_is_right_where_it_is_expected(kind: Expectation, right: bool | None) -> None:
    """“The documents don't say” is right, wrong, or neither if nobody knows."""
    refusal = Answer("The documents don't say.", support=SupportLevel.NOT_FOUND)
    assert judge(Expected(kind, "report.pdf"), refusal).is_right is right
