"""Export of questions with their passages, answers and feedback."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from jobs.models import Answer, JobView
from jobs.questions.client import JobClient

PAGE = 200


def evaluation_lines(jobs: JobClient, user: str, job_ids: Sequence[str]) -> Iterator[str]:
    """Yield those of a user's questions that have an answer as JSON Lines, for an evaluation.

    One object a line: job_id, question, standalone (what was answered in place of a follow-up, or
    null), documents (the ids of those it was asked of; none for all), asked_at (ISO 8601, UTC),
    answer, earlier_at (when it was first given, to an earlier question; else null), support, model,
    citations and passages (in the order of their numbers), nearest, figures and doubtful (as in
    `jobs.models.Answer`), feedback (useful, reason; or null).
    Raises BrokerUnavailableError.
    """
    for start in range(0, len(job_ids), PAGE):
        for view, answer in jobs.answers_of(user, job_ids[start : start + PAGE]):
            if answer is not None:
                yield json.dumps(_line(view, answer), ensure_ascii=False) + "\n"


def _line(view: JobView, answer: Answer) -> dict[str, Any]:
    data = answer.to_dict()
    return {
        "job_id": view.id,
        "question": view.asked.text,
        "standalone": answer.standalone or None,
        "documents": list(view.asked.documents),
        "asked_at": _moment(view.asked_at),
        "answer": answer.text,
        "earlier_at": None if answer.earlier_at is None else _moment(answer.earlier_at),
        "support": answer.support.value,
        "model": answer.model,
        "citations": data["citations"],
        "passages": data["passages"],
        "nearest": data["nearest"],
        "figures": data["figures"],
        "doubtful": data["doubtful"],
        "feedback": asdict(view.feedback) if view.feedback else None,
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
