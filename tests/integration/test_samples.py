"""The sample questions, against the sample documents as they are read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.retrieval import DEPTH, Sample, read_passages, read_samples, score
from jobs.models import Passage
from jobs.settings import Settings

PAGED = (".pdf", ".pptx")


@pytest.fixture(scope="module")
def passages() -> list[Passage]:
    return read_passages(Settings(_env_file=None))


def test_answers_stand_where_the_questions_say(passages: list[Passage]) -> None:
    """Each of at least 60 different questions names the document and page that answer it."""
    samples = read_samples()
    assert len({sample.question for sample in samples}) == len(samples) >= 60
    wrong = [
        sample.question
        for sample in samples
        if not any(sample.is_answered_by(passage) for passage in passages)
        or (sample.page is None) == sample.document.endswith(PAGED)
    ]
    assert wrong == []


def test_score_counts_the_first_that_fits() -> None:
    """At rank 2 of one question, and beyond the fifth of another: half are hits, MRR is 1/4."""
    right, other = (Passage(name, name, f"{name}.md", "words") for name in ("right", "other"))
    found = {"near": [other, right, right], "far": [other] * DEPTH + [right]}
    samples = [Sample(question, "right.md", None, "words") for question in found]

    def search(question: str) -> Sequence[Passage]:
        return found[question]

    result = score(samples, search, Sample.is_answered_by)
    assert (result.hits, result.mrr, result.misses) == (0.5, 0.25, ("far",))


@pytest.mark.parametrize(("page", "fits"), [(1, False), (2, True), (3, True), (4, False)])
def test_page_lies_within_those_of_the_passage(page: int, fits: bool) -> None:
    """A passage over two pages is right for either."""
    passage = Passage("p", "p", "a.pdf", "words", page=2, last_page=3)
    assert Sample("?", "a.pdf", page, "words").is_on_page(passage) is fits
    assert not Sample("?", "b.pdf", page, "words").is_on_page(passage)
