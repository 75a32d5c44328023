"""The bar that offers to undo a deletion, for as long as that is offered, on whatever page."""

from __future__ import annotations

import streamlit as st

from jobs.questions.client import JobClient
from ui.components.common.bulk import undo_deletions
from ui.components.common.text import counted, whole_seconds
from ui.state import history as history_state

CHECK_SECONDS = 1.0
RARE_CHECK_SECONDS = 10.0  # as long as the end of it is far


def show_undo(jobs: JobClient, user: str) -> float | None:
    """Show the bar if there is something to undo; return how soon to look again."""
    deleted = history_state.undoable()
    if not deleted:
        return None
    seconds = history_state.undo_seconds()
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", width="content", key="undo_bar"
    ):
        st.markdown(f"Deleted {counted(len(deleted), 'question')}.", width="content")
        st.button(
            "Undo",
            icon=":material/undo:",
            key="undo_deletion",
            help=f"For another {whole_seconds(seconds)}",
            on_click=undo_deletions,
            args=(jobs, user),
        )
    return CHECK_SECONDS if seconds <= history_state.UNDO_SECONDS else RARE_CHECK_SECONDS
