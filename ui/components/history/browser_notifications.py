"""The browser's own notification of a question that ends while nobody looks at the page.

What it does is in ui/static/notifications.js: only the browser knows whether somebody looks, and
whether it may. Here is what it is told.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from jobs.models import JobPage
from ui.components.common.text import one_line

STATIC = Path(__file__).resolve().parents[2] / "static"
# A notification may lie on a locked screen: it gets no more than tells the questions apart.
WORDS_CHARS = 60
KEY = "notifications"
# Nobody can click it before its script, which only then does something, has run.
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
    """Show the switch, off until somebody wants it, and tell it how the newest questions stand.

    Returns the id of the question whose notification was just clicked, which is to be opened.
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
