"""The task that RQ's own worker runs in a fork, to be compared with a thread of `jobs.worker`.

A stock worker knows nothing of attempts, so this does the same work without them: search,
generation, checked citations, and the live events.
"""

from __future__ import annotations

from typing import Any

from rq import get_current_job

from jobs.answering.pipeline import answer
from jobs.cancellation import Cancellation
from jobs.questions.event_stream import EventWriter
from jobs.settings import Settings
from jobs.worker.runtime import Runtime


def answer_question(question: str) -> dict[str, Any]:
    """Answer in this process, which has imported nothing before; returns `Answer.to_dict()`."""
    runtime = Runtime(Settings())
    events = EventWriter(runtime.connection, get_current_job().id, 1)
    collection = runtime.register.index_state().active
    try:
        return answer(
            question,
            search=lambda text: runtime.index.search(
                text, runtime.settings.passages_per_answer, collection
            ),
            generator=runtime.generator,
            progress=events,
            cancelled=Cancellation(events.flush_if_due),
        ).to_dict()
    finally:
        events.close()
