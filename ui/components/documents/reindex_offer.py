"""The offer to index everything again, after the embedding model changed, and its progress."""

from __future__ import annotations

import streamlit as st

from jobs.documents.client import DocumentClient
from jobs.models import IndexState
from ui.components.common.actions import index_everything_again

MODEL_CHANGED = (
    ":material/info: **The embedding model has changed.** The old index is still used, by keyword "
    "or with the old model. Index everything again to use the new one."
)
RENEWED = (
    ":material/info: **This version has a new index, which finds more.** Everything is indexed "
    "again by itself, as soon as all workers are of this version. The old index is used until then."
)


def show_reindex(documents: DocumentClient, index: IndexState, *, is_running: bool) -> None:
    """Offer to index everything again if that is needed; show the progress while it runs."""
    if is_running:
        done, total = index.reindexed, index.documents
        st.progress(
            min(1.0, done / total) if total else 0.0,
            # Not the number, which counts other people's private documents too.
            text=f"Indexing everything again: {done / total if total else 0:.0%}. "
            "The old index is used until this is done.",
        )
    elif index.needs_reindex:
        with st.container(border=True, key="reindex"):
            st.markdown(RENEWED if index.is_renewed else MODEL_CHANGED)
            st.button(
                "Index everything again",
                icon=":material/sync:",
                key="reindex_all",
                type="primary",
                on_click=index_everything_again,
                args=(documents,),
            )
