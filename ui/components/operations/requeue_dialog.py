"""The dialog that asks before many failed jobs are queued again at once."""

from __future__ import annotations

import streamlit as st

from jobs.operations.failed_jobs import DeadLetters
from ui.components.common.looks import kind_name
from ui.components.common.reporting import showing_errors
from ui.components.common.text import counted, plain, requeued
from ui.state import notices as notice_state
from ui.state import operators as operator_state
from ui.state.tables import ALL


def show_requeue_confirmation(dead_letters: DeadLetters, kind: str) -> None:
    """Ask whether all failed jobs of this kind, or `ALL`, are to be queued again; do it if so."""

    @st.dialog("Queue these jobs again?", icon=":material/replay:", on_dismiss=_close)
    def ask() -> None:
        with showing_errors():
            if _ask(dead_letters, "" if kind == ALL else kind):
                _close()
                st.rerun()

    ask()


def _ask(dead_letters: DeadLetters, kind: str) -> bool:
    """Show the question; return True once it is answered."""
    kinds = dead_letters.kinds()
    count = kinds.get(kind, 0) if kind else sum(kinds.values())
    which = f" that failed with “{plain(kind_name(kind))}”" if kind else ""
    st.markdown(
        f"**{counted(count, 'job')}**{which} {'goes' if count == 1 else 'go'} back to the queue, "
        "with a full number of attempts. If the cause is still there, they will fail again."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        is_left = st.button("Cancel", key="requeue_cancelled")
        is_confirmed = st.button(
            f"Requeue {count:,}",
            icon=":material/replay:",
            key="requeue_confirmed",
            type="primary",
            disabled=not count,
        )
    if is_confirmed:
        with st.spinner(f"Queueing {counted(count, 'job')}…"):
            notice_state.add(requeued(dead_letters.requeue_all(kind)), ":material/replay:")
    return is_left or is_confirmed


def _close() -> None:
    operator_state.ask_to_requeue(None)
