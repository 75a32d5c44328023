"""Two answers to one question: which is better."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.question_sets.comparison import (
    Change,
    change_of,
    compare,
    compare_runs,
    comparison_csv,
    expected_words,
    outcome_of,
)
from jobs.question_sets.models import Expectation, Expected, RunResult, SetQuestion, Verdict

CITED = Verdict(
    Expectation.EVIDENCE,
    refused=False,
    found_at=2,
    document_cited=True,
    cited=True,
    cited_first=True,
)
REFUSED = replace(CITED, refused=True, document_cited=False, cited=False, cited_first=False)


@pytest.mark.parametrize(
    "worse",
    [
        replace(CITED, cited=False, cited_first=False),
        replace(CITED, cited=False, cited_first=False, found_at=1),
        replace(CITED, cited_first=False),
        replace(CITED, found_at=3),
        replace(CITED, found_at=None),
        REFUSED,
    ],
)
def test_what_is_cited_counts_before_what_was_found(worse: Verdict) -> None:
    """Losing the citation is worse, whatever was found; the rank decides among equals."""
    assert compare(CITED, worse) is Change.WORSE
    assert compare(worse, CITED) is Change.BETTER
    assert compare(worse, worse) is Change.SAME


def test_a_refusal_is_better_where_it_is_expected() -> None:
    """Of a question that cannot be answered, only the refusal counts."""
    answered = Verdict(Expectation.REFUSAL, refused=False)
    refused = Verdict(Expectation.REFUSAL, refused=True)
    assert compare(answered, refused) is Change.BETTER


def test_where_nobody_knows_a_change_is_only_a_change() -> None:
    """Without an expectation, no answer is better than another."""
    answered = Verdict(Expectation.UNKNOWN, refused=False)
    assert compare(answered, replace(answered, refused=True)) is Change.CHANGED
    assert compare(answered, answered) is Change.SAME


def test_an_answer_is_better_than_none() -> None:
    """A question that failed in one of the runs is compared all the same."""
    answered, failed = RunResult("a", CITED), RunResult("a", failure="No key.")
    assert change_of(failed, answered) is Change.BETTER
    assert change_of(answered, failed) is Change.WORSE
    assert change_of(failed, failed) is Change.SAME
    assert change_of(None, answered) is None


def test_where_nobody_knows_other_sources_are_a_change() -> None:
    """The numbers of the citations do not matter."""
    verdict = Verdict(Expectation.UNKNOWN, refused=False)
    one = RunResult("a", verdict, citations=("[1] a.pdf, page 3", "[2] b.pdf"))
    other = RunResult("a", verdict, citations=("[1] b.pdf", "[2] a.pdf, page 3"))
    assert change_of(one, other) is Change.SAME
    assert change_of(one, replace(other, citations=("[1] c.pdf",))) is Change.CHANGED


def test_comparison_is_written_as_a_table() -> None:
    """Each question has a row, and nothing in it is a formula."""
    question = SetQuestion("a", "=Hotel?", Expected(Expectation.EVIDENCE, "a.pdf", (3,)))
    before = RunResult("a", REFUSED, "The documents don't say.")
    after = RunResult("a", CITED, "EUR 160 [1].", ("[1] a.pdf, page 3",))
    compared = compare_runs([question], [before], [after])
    header, row = b"".join(comparison_csv(compared)).decode("utf-8-sig").splitlines()
    assert header.startswith('"Id","Question","Expected","Change","Before: outcome"')
    assert row == (
        '"a","\'=Hotel?","a.pdf, page 3","better","has it, refuses","2",'
        '"The documents don\'t say.","","cites it","2","EUR 160 [1].","[1] a.pdf, page 3"'
    )


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (None, "no answer"),
        (REFUSED, "has it, refuses"),
        (replace(REFUSED, found_at=None), "lacks it, refuses"),
        (Verdict(Expectation.REFUSAL, refused=True), "not in the documents"),
        (CITED, "cites it"),
        (replace(CITED, cited_first=False), "cites it, not first"),
        (replace(CITED, cited=False), "has it, cites other"),
        (replace(CITED, cited=False, found_at=None), "lacks it, cites other"),
        (Verdict(Expectation.REFUSAL, refused=False), "answered"),
    ],
)
def test_outcomes_have_words(verdict: Verdict | None, words: str) -> None:
    """What came of a question is said in a few words."""
    assert outcome_of(verdict) == words


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (Expected(), "not known"),
        (Expected(Expectation.REFUSAL), "not in the documents"),
        (Expected(Expectation.EVIDENCE, "a", (3, 4), "EUR"), "a, pages 3, 4, “EUR”"),
        (Expected(Expectation.EVIDENCE, words="EUR"), "“EUR”"),
    ],
)
def test_expectations_have_words(expected: Expected, words: str) -> None:
    """What is expected of an answer is said in a few words."""
    assert expected_words(expected) == words
