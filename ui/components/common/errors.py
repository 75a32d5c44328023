"""How errors are shown: a sentence, and a command where it helps."""

from __future__ import annotations

import streamlit as st

from jobs.models import Failure
from ui.components.common.text import plain


def show_failure(failure: Failure, *, quiet: bool = False) -> None:
    """Show why something failed, `quiet` for what may pass by itself.

    The sentence is escaped: it may quote a model server or name a file.
    """
    if quiet:
        st.warning(plain(failure.message), icon=":material/warning:")
    else:
        st.error(plain(failure.message), icon=":material/error:")
    if failure.command:
        st.code(failure.command, language="bash")


def show_outage(failure: Failure) -> None:
    """Show that the job queue is away. The page that shows this looks again every few seconds."""
    show_failure(failure, quiet=True)
    st.button("Try again now", icon=":material/refresh:", key="outage_retry")
