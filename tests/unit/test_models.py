"""What the domain's data is read from."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from jobs.models import (
    Answer,
    CheckedQuote,
    Citation,
    Failure,
    Passage,
    SupportLevel,
    Timings,
    TokenUse,
    WorkerReport,
)
from jobs.queue.retry_policy import History

ANSWER = Answer(
    "“Größe” [1].",
    citations=(Citation(1, "d1", "a.pdf", "p1", "Größe", 2, 3, 0.5, "before", "after"),),
    support=SupportLevel.UNSUPPORTED,
    timings=Timings(0.5, 1.0, None, 3),
    tokens=TokenUse(3, 4),
    notes=("It was cut off.",),
    passages=(Passage("p1", "d1", "a.pdf", "Größe", None),),
    quotes=(CheckedQuote(0, 7, 1), CheckedQuote(8, 9)),
    earlier_at=1764460800,
)


def test_answer_comes_back_from_json() -> None:
    """With its citations, passages and quotes as what they were, in tuples."""
    assert Answer.from_dict(json.loads(json.dumps(ANSWER.to_dict()))) == ANSWER


def test_answer_of_another_version_is_read() -> None:
    """Unknown keys are ignored at every depth, and missing ones have their defaults."""
    stored = ANSWER.to_dict()
    for part in (stored, stored["timings"], stored["tokens"], *stored["citations"]):
        part["of_a_newer_version"] = {"a": [1]}
    for part in (*stored["passages"], *stored["quotes"]):
        part["of_a_newer_version"] = None
    assert Answer.from_dict(stored) == ANSWER
    citation = {
        "number": 1,
        "document_id": "d",
        "document_name": "a",
        "passage_id": "p",
        "text": "",
    }
    oldest = {"text": "Yes [1].", "citations": [citation], "timings": {"queue": 1.0}}
    assert Answer.from_dict(oldest) == Answer(
        "Yes [1].", (Citation(1, "d", "a", "p", ""),), timings=Timings(queue=1.0)
    )


def test_answer_with_half_a_character_is_read() -> None:
    """As models write them at times: JSON can say it, and no answer is lost for it."""
    assert Answer.from_dict(json.loads('{"text": "a\\ud800"}')).text == "a\ud800"


def test_what_is_no_answer_is_refused() -> None:
    """A value of another type is not carried on to a page."""
    with pytest.raises(ValueError, match="text"):
        Answer.from_dict({"citations": []})
    with pytest.raises(ValueError, match="citations"):
        Answer.from_dict({"text": "", "citations": "none"})


@pytest.mark.parametrize("problem", [None, Failure("qdrant_away", "Start Qdrant.", "make run")])
def test_worker_report_comes_back_from_json(problem: Failure | None) -> None:
    """That of a newer worker too, and that of an older one, which reports less."""
    report = WorkerReport(
        "host-1", 5.0, ("questions",), 4, notes=("No model.",), problem=problem,
        threads_by_queue={"questions": 4},
    )  # fmt: skip
    stored = json.loads(json.dumps(asdict(report)))
    assert WorkerReport.from_dict({**stored, "of_a_newer_version": 1}) == report
    assert WorkerReport.from_dict({"name": "a", "seen_at": 5}) == WorkerReport("a", 5.0)


def test_history_comes_back_from_json() -> None:
    """A job that has none yet has used up nothing."""
    assert History.from_dict({**History(1, 2, 3, 4.5).to_dict(), "more": 1}) == History(
        1, 2, 3, 4.5
    )
    assert History.from_dict({}) == History()
