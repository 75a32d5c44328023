"""What is said when questions end."""

from __future__ import annotations

from jobs.models import JobPage, JobState, JobView, Question
from ui.components.page.notices import notice_of, tab_title


def page(**states: JobState) -> JobPage:
    jobs = [
        JobView(job_id, "ann", Question(f"What of {job_id}?"), state, 0.0)
        for job_id, state in states.items()
    ]
    return JobPage(tuple(jobs), len(jobs))


RUNNING = (("a", JobState.STARTED), ("b", JobState.QUEUED), ("c", JobState.FINISHED))


def test_question_that_ended_elsewhere_is_told_with_its_words() -> None:
    """Its state, its words and its icon; once, for it is over the next time."""
    after = page(a=JobState.FINISHED, b=JobState.QUEUED, c=JobState.FINISHED)
    notice = notice_of(RUNNING, after, shown_id=None)
    assert notice is not None
    assert notice[0] == "Finished: What of a?"
    assert notice_of((("a", JobState.FINISHED),), after, None) is None


def test_several_are_told_in_one_line() -> None:
    """Nobody wants a pile of toasts."""
    after = page(a=JobState.FINISHED, b=JobState.FAILED)
    notice = notice_of(RUNNING, after, None)
    assert notice is not None
    assert notice[0] == "2 questions ended."


def test_what_is_on_the_page_or_was_stopped_is_not_told() -> None:
    """People see it, or did it."""
    assert notice_of(RUNNING, page(a=JobState.FINISHED), shown_id="a") is None
    assert notice_of(RUNNING, page(a=JobState.STOPPED), None) is None
    assert notice_of(None, page(a=JobState.FINISHED), None) is None


def test_words_of_a_question_are_no_markup() -> None:
    """A question cannot draw a picture in a notice."""
    job = JobView("a", "ann", Question("![x](http://evil/x.png)"), JobState.FAILED, 0.0)
    notice = notice_of(RUNNING, JobPage((job,), 1), None)
    assert notice is not None
    assert "![x](" not in notice[0]


def test_tab_says_how_many_are_not_over() -> None:
    """A glance at the tab tells whether an answer is there."""
    assert tab_title(RUNNING) == "(2) Askqueue"
    assert tab_title((("c", JobState.FINISHED),)) == "Askqueue"
    assert tab_title(None) == "Askqueue"
