"""The queues now: what waits and runs on each, and the button that pauses it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.operations.client import Operations, Overview, QueueState
from jobs.queue.pauses import Pause
from ui.components.common.actions import pause_queue, resume_queue
from ui.components.common.text import ago, counted, plain, whole_seconds

FAILED_PAGE = "pages/failed.py"
# Three cards, or six figures, fit side by side on a page of 1400 pixels.
CARD_PIXELS = 310
FIGURE_PIXELS = 145
TABLE_PIXELS = 480


def show_figures(overview: Overview) -> None:
    """Show the whole installation as a row of figures."""
    queues, workers = overview.queues, overview.workers
    threads, busy = sum(w.threads for w in workers), sum(w.running for w in workers)
    oldest = max((q.oldest_seconds for q in queues if q.oldest_seconds is not None), default=None)
    with st.container(horizontal=True, key="figures"):
        for label, value in (
            ("Workers", f"{len(workers):,}"),
            ("Threads busy", f"{busy:,} of {threads:,}"),
            ("Waiting", f"{sum(queue.waiting for queue in queues):,}"),
            ("Oldest waiting", "–" if oldest is None else whole_seconds(oldest)),
            ("Held back", f"{overview.held_back:,}"),
            ("Failed jobs", f"{sum(queue.failed for queue in queues):,}"),
        ):
            st.metric(label, value, width=FIGURE_PIXELS, help=HELP.get(label))


HELP = {
    "Held back": "Questions, batch rows and documents of users who already have as many queued or "
    "running as allowed: USER_CONCURRENCY, BATCH_CONCURRENCY, INDEXING_CONCURRENCY.",
    "Failed jobs": "The jobs on the page “Failed jobs”: failed for good, and not queued again.",
}


def show_queues(operations: Operations, queues: Sequence[QueueState], operator: str) -> None:
    """Show a card for each queue; `operator` is noted as who paused it."""
    with st.container(horizontal=True, key="queues"):
        for queue in queues:
            with st.container(border=True, width=CARD_PIXELS, key=f"queue_{queue.name}"):
                _show_queue(operations, queue, operator)


def _show_queue(operations: Operations, queue: QueueState, operator: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        badge = ":orange-badge[:material/pause: paused]" if queue.pause else ":green-badge[open]"
        st.markdown(f"**{queue.name}** {badge}", width="stretch")
        if queue.pause:
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                key=f"resume_{queue.name}",
                type="primary",
                on_click=resume_queue,
                args=(operations, queue.name, operator),
            )
        else:
            st.button(
                "Pause",
                icon=":material/pause:",
                key=f"pause_{queue.name}",
                help="Workers take no new jobs from it. Running jobs finish, waiting ones stay.",
                on_click=pause_queue,
                args=(operations, queue.name, operator),
            )
    st.markdown(_line(queue))
    st.caption(_pause_line(queue.pause) if queue.pause else _oldest_line(queue))


def _line(queue: QueueState) -> str:
    parts = [f"**{queue.waiting:,}** waiting", f"**{queue.running:,}** running"]
    if queue.retrying:
        parts.append(f"**{queue.retrying:,}** retrying")
    if queue.failed:
        parts.append(f"**{queue.failed:,}** failed")
    return " · ".join(parts)


def _oldest_line(queue: QueueState) -> str:
    if queue.oldest_seconds is None:
        return "Nothing is waiting."
    return f"The oldest has been waiting for {whole_seconds(queue.oldest_seconds)}."


def _pause_line(pause: Pause) -> str:
    return f"Paused {f'by {plain(pause.by)} ' if pause.by else ''}{ago(pause.since)}."


def show_failures(kinds: Sequence[tuple[str, int, int]], failed_now: int) -> None:
    """Show what failed in a period and what was tried again, by kind of error.

    Each entry is a name for people, and how many failed for good and were retried.
    """
    if kinds:
        st.dataframe(
            {
                "Kind": [name for name, _failed, _retried in kinds],
                "Failed": [failed for _name, failed, _retried in kinds],
                "Retried": [retried for _name, _failed, retried in kinds],
            },
            hide_index=True,
            width=TABLE_PIXELS,
            alt="Failures by kind of error",
            key="failure_kinds",
        )
    else:
        st.caption("Nothing failed in this period.")
    if failed_now:
        st.page_link(
            FAILED_PAGE,
            label=f"{counted(failed_now, 'failed job')} to look at and queue again",
            icon=":material/assignment_late:",
        )
