"""Judges answers by what they stand on: the evidence expected, or that they say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from jobs.models import Answer, Citation, Passage, SupportLevel
from jobs.normalization import normalize
from jobs.question_sets.models import Expectation, Expected, Verdict


def judge(expected: Expected, answer: Answer) -> Verdict:
    """Compare an answer with what was expected of it."""
    refused = answer.support is SupportLevel.NOT_FOUND
    if expected.kind is not Expectation.EVIDENCE:
        return Verdict(expected.kind, refused)
    cited_at = rank_of(expected, answer.citations)
    return Verdict(
        expected.kind,
        refused,
        found_at=rank_of(expected, answer.passages),
        document_cited=any(is_of_document(expected, each) for each in answer.citations),
        cited=cited_at is not None,
        cited_first=cited_at == 1,
    )


def rank_of(expected: Expected, sources: Sequence[Passage | Citation]) -> int | None:
    """Return the rank, from 1, of the first that has the evidence; None if none has."""
    ranks = (rank for rank, each in enumerate(sources, start=1) if has_evidence(expected, each))
    return next(ranks, None)


def document_rank_of(expected: Expected, sources: Sequence[Passage | Citation]) -> int | None:
    """Return the rank, from 1, of the first of the right document; None if none is."""
    ranks = (rank for rank, each in enumerate(sources, start=1) if is_of_document(expected, each))
    return next(ranks, None)


def has_evidence(expected: Expected, source: Passage | Citation) -> bool:
    """Return whether it is of the right document and page, and has the words."""
    if not is_of_document(expected, source):
        return False
    if expected.pages:
        first = source.page or 0
        last = source.last_page or first
        if not any(first <= page <= last for page in expected.pages):
            return False
    return _flat(expected.words) in _flat(source.text)


def is_of_document(expected: Expected, source: Passage | Citation) -> bool:
    """Return whether it is of the right document; of any, if no name is expected."""
    return not expected.document or is_name_of(expected.document, source.document_name)


def is_name_of(expected: str, name: str) -> bool:
    """Return whether a document goes by this name, with or without its extension."""
    folded = name.casefold()
    return expected.casefold() in (folded, PurePath(folded).stem)


def _flat(text: str) -> str:
    return " ".join(normalize("NFKC", text).casefold().split())
