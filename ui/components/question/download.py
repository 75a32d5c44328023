"""A finished answer as a file: Markdown, Word or PDF."""

from __future__ import annotations

import streamlit as st

from jobs.answer_files.formats import WRITERS
from jobs.models import JobView
from ui.components.common.download_link import show_download_link


def show_download(view: JobView) -> None:
    """Offer the answer with its sources as a file, written when it is clicked."""
    menu = st.popover(
        "Download",
        icon=":material/download:",
        key=f"download_{view.id}",
        help="The question, the answer and its sources as a file",
    )
    with menu.container(horizontal=True, gap="xsmall"):
        for kind, writer in WRITERS.items():
            show_download_link(
                writer.label,
                f"/jobs/{view.id}/file",
                {"format": kind.value},
                key=f"download_{kind.value}_{view.id}",
            )
