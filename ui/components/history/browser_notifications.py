"""A browser notification of a question that ends while nobody looks at the page.

ui/static/notifications.js does the work: only the browser knows whether somebody looks, and whether
it may notify. This module passes on what to show.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from jobs.models import JobPage
from ui.components.common.text import one_line

STATIC = Path(__file__).resolve().parents[2] / "static"
# A locked screen may show a notification: no more words than tell the questions apart.
WORDS_CHARS = 60
KEY = "notifications"
# Disabled until its script, which does the work, has run.
SWITCH = """
<label><input type="checkbox" role="switch" disabled>Notify me when an answer is ready</label>
<p role="status"></p>
"""

_switch = st.components.v2.component(
    "askqueue_notifications",
    html=SWITCH,
    css=(STATIC / "notifications.css").read_text(encoding="utf-8"),
    js=(STATIC / "notifications.js").read_text(encoding="utf-8"),
)


def show_notification_switch(history: JobPage) -> str | None:
    """Show the switch, which is off at first, and tell it the states of the newest questions.

    Return the id of the question whose notification was just clicked, for the page to open.
    """
    questions = [
        {
            "id": job.id,
            "state": job.state.value,
            "words": one_line(job.asked.text, WORDS_CHARS),
        }
        for job in history.jobs
    ]
    result = _switch(key=KEY, data={"questions": questions}, on_opened_change=_opened)
    opened: str | None = result.opened
    return opened


def _opened() -> None:
    """Streamlit passes on only what has a callback; the page that runs next opens the question."""
