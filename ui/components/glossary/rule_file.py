"""The glossary as a CSV file: a link to it, and adding the terms of one."""

from __future__ import annotations

import streamlit as st

from jobs.glossary.csv_file import MAX_FILE_BYTES, read_csv
from jobs.glossary.store import GlossaryStore
from ui.components.common.download_link import show_download_link
from ui.components.common.reporting import showing_errors
from ui.components.common.text import counted
from ui.components.glossary.changes import import_rules
from ui.state import glossary as glossary_state


def show_export() -> None:
    """Link to the glossary as a file."""
    show_download_link(
        "Export as CSV", "/glossary/file", key="glossary_export", icon=":material/download:"
    )


def show_import(store: GlossaryStore) -> None:
    """Take a file, say how many terms it has, and add them when asked to."""
    with st.expander("Import a file", icon=":material/upload:", key="glossary_import"):
        st.caption(
            "CSV with two columns: a term, and what else to search for, separated by semicolons. "
            "A term that the glossary has already is replaced. A term without words switches off "
            "that of a starter set."
        )
        file = st.file_uploader(
            "A CSV file",
            type=["csv", "tsv", "txt"],
            max_upload_size=MAX_FILE_BYTES // 1_000_000,
            key=glossary_state.uploader_key(),
        )
        if file is None:
            return
        with showing_errors():
            rules = read_csv(file.getvalue())
            st.button(
                f"Add {counted(len(rules), 'term')}",
                icon=":material/playlist_add:",
                key="glossary_import_button",
                type="primary",
                on_click=import_rules,
                args=(store, rules),
            )
