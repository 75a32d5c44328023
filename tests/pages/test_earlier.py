"""An answer that was given before, on the Ask page."""

from __future__ import annotations

import time
from dataclasses import replace

from jobs.models import JobState, Question
from tests.pages.conftest import OpenPage, button_keys, shown_job, words
from tests.pages.fakes import ANSWER, FakeClients


def test_earlier_answer_says_so_and_can_be_asked_afresh(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Its age is told, and a click asks for a new answer, as another version."""
    job = clients.jobs.put("Why?", JobState.FINISHED)
    clients.jobs.answers[job] = replace(ANSWER, earlier_at=time.time() - 7200)
    app = open_page(job=job)
    assert "From an earlier answer, 2 h ago" in words(app)
    app.button(key=f"ask_afresh_{job}").click().run()
    newer = clients.jobs.jobs[shown_job(app)]
    assert newer.asked == Question("Why?", version_of=job, use_cache=False)
    assert "From an earlier answer" not in words(app)


def test_new_answer_speaks_of_no_earlier_one(clients: FakeClients, open_page: OpenPage) -> None:
    """There is no newer answer to ask for."""
    job = clients.jobs.put("Why?", JobState.FINISHED)
    app = open_page(job=job)
    assert "earlier answer" not in words(app)
    assert f"ask_afresh_{job}" not in button_keys(app)
