"""What the page notes before it is drawn anew because its question is over."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def script() -> None:
    """A page whose answer refreshes by itself, at the moment it sees the end."""
    import streamlit as st

    from jobs.models import JobState
    from ui.components.page.notices import tab_title
    from ui.state import refresh as refresh_state

    refresh_state.refresh_seconds.set(30.0)
    refresh_state.sidebar_states.set((("one", JobState.STARTED), ("two", JobState.QUEUED)))
    st.text(tab_title(refresh_state.take_title_states()))
    refresh_state.note_end("one", JobState.FINISHED)
    st.text(tab_title(refresh_state.take_title_states()))
    st.text(str(refresh_state.refresh_seconds.get()))
    st.text(str([each.value for _, each in refresh_state.sidebar_states.get() or ()]))


def test_next_run_begins_with_the_title_and_interval_of_what_is_over() -> None:
    """Only the question that ended changes; the page need not run twice to find that out."""
    app = AppTest.from_function(script).run()
    assert [each.value for each in app.text] == [
        "(2) Askqueue",
        "(1) Askqueue",
        "None",
        "['started', 'queued']",  # which is what the sidebar shows until it is drawn
    ]
