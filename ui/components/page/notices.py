"""Tell people that a question is over while they look at something else."""

from __future__ import annotations

from jobs.models import JobPage, JobState
from ui.components.common.looks import JOB_LOOKS
from ui.components.common.text import counted, one_line, plain
from ui.state.refresh import JobStates

QUESTION_CHARS = 60
TITLE = "Askqueue"


def notice_of(
    before: JobStates | None, history: JobPage, shown_id: str | None
) -> tuple[str, str] | None:
    """Return a notice of the questions that ended since `before`, and its icon; None for none.

    The question on the page needs no notice, nor one that its user stopped.
    """
    unfinished = {job_id for job_id, state in before or () if not state.is_over}
    ended = [
        job
        for job in history.jobs
        if job.id in unfinished
        and job.id != shown_id
        and job.state in (JobState.FINISHED, JobState.FAILED)
    ]
    if not ended:
        return None
    if len(ended) > 1:
        return f"{counted(len(ended), 'question')} ended.", ":material/done_all:"
    look = JOB_LOOKS[ended[0].state]
    return f"{look.label}: {plain(one_line(ended[0].asked.text, QUESTION_CHARS))}", look.icon


def tab_title(states: JobStates | None) -> str:
    """Return the title of the browser's tab: how many questions are not over, then the name."""
    unfinished = sum(not state.is_over for _, state in states or ())
    return f"({unfinished}) {TITLE}" if unfinished else TITLE
