"""The answer as it is written: a small part of the page that refreshes by itself, and often.

It reads and draws only what changes from moment to moment. The rest of the page is drawn again
when this part notices that something there is outdated, see
`ui.components.page.live_page`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import streamlit as st

from jobs.errors import BrokerUnavailableError, NotFoundError
from jobs.models import JobView
from ui.clients import Clients, Conditions
from ui.components.common.errors import show_outage
from ui.components.question.answer import show_unfinished
from ui.state import question as question_state
from ui.state import refresh as refresh_state

# One refresh takes 3 to 4 ms of the one core that a Python process has, see benchmarks/sessions.py.
INTERVALS = ((30, 0.5), (240, 1.0), (480, 2.0))  # up to so many pages, each this often in seconds
SLOWEST_SECONDS = 4.0
COUNTED_SECONDS = 5.0
# The rest of the page, such as the times in the table, takes longer to draw.
FEW_PAGES = 30
AROUND_SECONDS, SLOWEST_AROUND_SECONDS = 3.0, 30.0


class Pace:
    """How often the pages of this process refresh: the more pages, the less often each."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}

    def note(self, job_id: str) -> None:
        """Note that the page of this question refreshes."""
        with self._lock:
            self._seen[job_id] = self._clock()

    def seconds(self) -> float:
        """Return how soon an answer that is drawn now should refresh."""
        pages = self._pages()
        return next((each for most, each in INTERVALS if pages <= most), SLOWEST_SECONDS)

    def around_seconds(self) -> float:
        """Return how soon the rest of its page should refresh."""
        return AROUND_SECONDS if self._pages() <= FEW_PAGES else SLOWEST_AROUND_SECONDS

    def _pages(self) -> int:
        with self._lock:
            oldest = self._clock() - COUNTED_SECONDS
            self._seen = {job: seen for job, seen in self._seen.items() if seen >= oldest}
            return len(self._seen)


pace = Pace()


def show_streaming(clients: Clients, user: str, drawn: JobView, around: Conditions) -> None:
    """Show what an unfinished question is doing, and its text.

    `drawn` and `around` are what the page around it was drawn from.
    """
    refresh = st.fragment(_refresh, run_every=pace.seconds())
    refresh(clients, user, drawn, around)


def _refresh(clients: Clients, user: str, drawn: JobView, around: Conditions) -> None:
    pace.note(drawn.id)
    try:
        job, live = clients.jobs.read_live(user, question_state.live_text(drawn.id))
        if job.state is drawn.state and not clients.conditions().differ(around):
            question_state.keep_live_text(live)
            show_unfinished(clients.jobs, job, live)
            return
        if job.state.is_over:
            refresh_state.note_end(job.id, job.state)
    except BrokerUnavailableError as error:
        show_outage(error.failure)
        return
    except NotFoundError:
        pass  # deleted elsewhere: the page as a whole says so
    st.rerun()
