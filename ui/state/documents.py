"""What one session remembers of the Documents page: uploads, the table, a deletion to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ui.state import refresh as refresh_state
from ui.state import tables as table_state
from ui.state.session_value import SessionValue

# Keys of widgets. Their values can be read before the widgets are drawn.
UPLOAD_VISIBILITY = "upload_visibility"
DOCUMENT_TABLE = "document_table"
DOCUMENT_ACTION = "document_action"
DOCUMENT_CHOICE = "document_choice"
DOCUMENT_PAGE = "document_page"


@dataclass(frozen=True)
class UploadResult:
    """What became of one uploaded file."""

    name: str
    outcome: str
    accepted: bool


upload_results: SessionValue[tuple[UploadResult, ...]] = SessionValue("upload_results", ())
# The id of the document whose deletion waits to be confirmed.
to_delete: SessionValue[str | None] = SessionValue("document_to_delete", None)
# The ids that the rows of the table stand for.
rows: SessionValue[tuple[str, ...]] = SessionValue("document_rows", ())

_uploads: SessionValue[int] = SessionValue("uploads", 0)


def uploader_key() -> str:
    """Return the key of the uploader. It changes after each upload, which empties the widget."""
    return f"uploader_{_uploads.get()}"


def keep_upload_results(results: Sequence[UploadResult]) -> None:
    """Keep what became of the files, and empty the uploader."""
    upload_results.set(tuple(results))
    _uploads.set(_uploads.get() + 1)


def ask_to_delete(document_id: str | None) -> None:
    """Have the page ask whether to delete this document; None ends that."""
    to_delete.set(document_id)
    refresh_state.request_redraw()


def page_number() -> int:
    """Return the page of the table that is shown, from 1."""
    return max(1, int(st.session_state.get(DOCUMENT_PAGE) or 1))


def clicked_action() -> tuple[str, str] | None:
    """Return the document id and the label of the action that was just chosen in the table."""
    click = st.session_state.get(DOCUMENT_ACTION)
    if not click:
        return None
    document_id = table_state.id_at(rows.get(), int(click["row"]))
    return (document_id, str(click["label"])) if document_id else None
