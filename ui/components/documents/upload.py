"""The uploader for documents, and what became of each file."""

from __future__ import annotations

import streamlit as st

from jobs.documents.client import SUPPORTED_EXTENSIONS, DocumentClient
from jobs.errors import AskqueueError
from jobs.models import Visibility
from ui.components.common.text import plain
from ui.state import documents as document_state
from ui.state.documents import UploadResult
from ui.streamlit_patches.bounded_uploads import forget_uploads

VISIBILITY_LABELS = {
    Visibility.SHARED: ":material/group: Everyone",
    Visibility.PRIVATE: ":material/lock: Only you",
}
VISIBILITY_MEANINGS = {
    Visibility.SHARED: "Everyone who uses Askqueue can see them and get answers from them.",
    Visibility.PRIVATE: "Nobody else can see them or get answers from them.",
}


def show_uploader(documents: DocumentClient, user: str, max_upload_mb: int) -> None:
    """Take files, several at once, and hand each to the client."""
    visibility = _choose_visibility()
    files = st.file_uploader(
        "Add one or more documents",
        type=[extension.lstrip(".") for extension in SUPPORTED_EXTENSIONS],
        accept_multiple_files=True,
        max_upload_size=max_upload_mb,
        key=document_state.uploader_key(),
    )
    if files:
        with st.spinner("Storing the files…"):
            results = [
                _add(documents, user, file.name, file.getvalue(), visibility) for file in files
            ]
        forget_uploads()
        document_state.keep_upload_results(results)
        st.rerun()
    _show_results()


def _choose_visibility() -> Visibility:
    chosen = st.radio(
        "Who can see the documents you add",
        list(Visibility),
        format_func=VISIBILITY_LABELS.__getitem__,
        captions=[VISIBILITY_MEANINGS[each] for each in Visibility],
        horizontal=True,
        key=document_state.UPLOAD_VISIBILITY,
        persist_state="session",
    )
    return chosen or Visibility.SHARED


def _add(
    documents: DocumentClient, user: str, name: str, data: bytes, visibility: Visibility
) -> UploadResult:
    try:
        document, is_new = documents.add(user, name, data, visibility)
    except AskqueueError as error:
        return UploadResult(name, error.message, accepted=False)
    if is_new:
        added = "added, for you only" if document.owner else "added"
        outcome = f"{added}; the list below shows its progress"
        return UploadResult(name, outcome, accepted=True)
    same = "already there" if document.name == name else f"already there as “{document.name}”"
    return UploadResult(name, same, accepted=True)


def _show_results() -> None:
    results = document_state.upload_results.get()
    if not results:
        return
    with st.container(border=True, gap="xsmall", key="upload_results"):
        for result in results:
            icon = (
                ":green[:material/check_circle:]" if result.accepted else (":red[:material/error:]")
            )
            st.markdown(f"{icon} **{plain(result.name)}** – {plain(result.outcome)}")
        st.button(
            "Dismiss",
            key="upload_results_dismiss",
            type="tertiary",
            on_click=document_state.upload_results.clear,
        )
