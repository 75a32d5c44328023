"""The documents: a table with actions in each row, and failures with their reasons."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from jobs.documents.client import DocumentClient
from jobs.models import Document, DocumentStatus
from ui.components.common.actions import index_document_again
from ui.components.common.document_names import names_of
from ui.components.common.errors import show_failure
from ui.components.common.looks import DOCUMENT_LOOKS
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import counted, file_size, one_line, plain
from ui.identity.people import Person
from ui.identity.roles import may_manage
from ui.state import documents as document_state

MAX_ROWS = 16
CHOICE_PIXELS = 340
EXPIRING_SECONDS = 3 * 24 * 3600
AGAIN = ":material/refresh: Index again"
DELETE = ":material/delete: Delete"
NOTES = "Notes"
VISIBLE_TO, ONLY_YOU, EVERYONE = "Visible to", "🔒 Only you", "Everyone"
UNFINISHED = (DocumentStatus.QUEUED, DocumentStatus.INDEXING)


def show_documents(
    documents: DocumentClient, visitor: Person, entries: Sequence[Document], kept_seconds: float
) -> None:
    """Show the documents, newest first; `kept_seconds` is how long each is kept, 0 for ever."""
    document_state.rows.set(tuple(entry.id for entry in entries))
    under_way = any(entry.status in UNFINISHED or entry.to_embed for entry in entries)
    frame = _frame(entries, visitor, kept_seconds, with_progress=under_way)
    name_width = 185 if under_way else 230 if "Kept until" in frame else 285
    if VISIBLE_TO in frame:
        name_width -= 65
    if NOTES in frame:
        name_width -= 60
    st.dataframe(
        frame,
        key=document_state.DOCUMENT_TABLE,
        height=table_height(len(entries), MAX_ROWS),
        row_height=ROW_PIXELS,
        hide_index=True,
        placeholder="",
        alt="The documents, newest first",
        column_config={
            "Name": st.column_config.TextColumn(width=name_width),
            "Status": st.column_config.MultiselectColumn(
                width=90,
                options=[look.label for look in DOCUMENT_LOOKS.values()],
                color=[look.chip for look in DOCUMENT_LOOKS.values()],
            ),
            "Progress": st.column_config.ProgressColumn(format="percent", width=110),
            "Stage": st.column_config.TextColumn(
                width=120,
                help="“Meaning”: words find it already; search by meaning is being added.",
            ),
            "Pages": st.column_config.NumberColumn(width=58),
            "Passages": st.column_config.NumberColumn(width=76),
            NOTES: st.column_config.TextColumn(
                width=60,
                alignment="right",
                help="How many remarks there are on what was not read. They stand below the table.",
            ),
            "Size": st.column_config.TextColumn(width=75, alignment="right"),
            "Added": st.column_config.DatetimeColumn(format="distance", width=120),
            "Kept until": st.column_config.DateColumn(
                format="D MMM YYYY",
                width=88,
                help="Then it is removed from the list and the index. Add the same file again to "
                "keep it.",
            ),
            "By": st.column_config.TextColumn(width=60),
            VISIBLE_TO: st.column_config.MultiselectColumn(
                width=95,
                options=[ONLY_YOU, EVERYONE],
                color=["orange", "gray"],
                help="Only its owner can see a private document, find it cited, or get answers "
                "from it.",
            ),
            "Actions": st.column_config.ButtonColumn(
                "Actions",
                width=70,
                type="tertiary",
                on_click=_act,
                args=(documents, visitor),
                key=document_state.DOCUMENT_ACTION,
            ),
        },
    )


def show_document_actions(
    documents: DocumentClient, visitor: Person, entries: Sequence[Document]
) -> None:
    """Offer the actions of the table's rows for keyboards and phones.

    No key opens the menu of a cell, and on a narrow page it is far to the right.
    """
    names = names_of([entry for entry in entries if may_manage(visitor, entry)])
    if not names:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="document_actions"):
        chosen = st.selectbox(
            "One document",
            list(names),
            index=None,
            format_func=lambda document_id: names.get(document_id, ""),
            placeholder="Choose a document",
            key=document_state.DOCUMENT_CHOICE,
            width=CHOICE_PIXELS,
        )
        st.button(
            "Index it again",
            icon=":material/refresh:",
            key="chosen_index_again",
            disabled=chosen is None,
            on_click=index_document_again,
            args=(documents, visitor, chosen),
        )
        st.button(
            "Delete it",
            icon=":material/delete:",
            key="chosen_delete",
            disabled=chosen is None,
            on_click=document_state.ask_to_delete,
            args=(chosen,),
        )


def show_failed_documents(
    documents: DocumentClient, visitor: Person, entries: Sequence[Document]
) -> None:
    """Show why each failed document failed, with a retry for those who may."""
    for entry in entries:
        if entry.status is not DocumentStatus.FAILED:
            continue
        with st.container(border=True, key=f"failed_{entry.id}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain(entry.name)}** could not be indexed", width="content")
                st.space("stretch")
                if may_manage(visitor, entry):
                    st.button(
                        "Retry",
                        icon=":material/replay:",
                        key=f"retry_document_{entry.id}",
                        help="Index this document again",
                        on_click=index_document_again,
                        args=(documents, visitor, entry.id),
                    )
            if entry.failure:
                show_failure(entry.failure)


def show_notes(entries: Sequence[Document]) -> None:
    """Say what of these documents was not read or is doubtful."""
    noted = [entry for entry in entries if entry.notes]
    if not noted:
        return
    title = f"{counted(len(noted), 'document')} with notes on what was not read"
    with st.expander(title, icon=":material/rule:", key="document_notes"):
        for entry in noted:
            lines = "".join(f"\n- {plain(note)}" for note in entry.notes)
            st.markdown(f"**{plain(entry.name)}**\n{lines}")


def show_expiring(entries: Sequence[Document], kept_seconds: float) -> None:
    """Say how many documents are removed soon, and how to keep them."""
    ends = [entry.kept_until(kept_seconds) for entry in entries]
    expiring = sum(end is not None and end - time.time() < EXPIRING_SECONDS for end in ends)
    if expiring:
        st.caption(
            f":material/schedule: {counted(expiring, 'document')} will be removed within "
            f"{EXPIRING_SECONDS // 86400} days. Add a file again to keep it."
        )


def _act(documents: DocumentClient, visitor: Person) -> None:
    action = document_state.clicked_action()
    if action is None:
        return
    document_id, label = action
    if label == DELETE:
        document_state.ask_to_delete(document_id)
    else:
        index_document_again(documents, visitor, document_id)


def _frame(
    entries: Sequence[Document], visitor: Person, kept_seconds: float, *, with_progress: bool
) -> pd.DataFrame:
    columns: dict[str, object] = {"Name": [entry.name for entry in entries]}
    if any(entry.owner for entry in entries):
        columns[VISIBLE_TO] = [[ONLY_YOU if entry.owner else EVERYONE] for entry in entries]
    columns |= {
        "Status": [[DOCUMENT_LOOKS[entry.status].label] for entry in entries],
    }
    if with_progress:
        columns["Progress"] = pd.Series(
            [_progress(entry) for entry in entries],
            dtype="float",
        )
        columns["Stage"] = [_stage(entry) for entry in entries]
    columns |= {
        "Pages": pd.Series([entry.pages or None for entry in entries], dtype="Int64"),
        "Passages": pd.Series([entry.passages or None for entry in entries], dtype="Int64"),
    }
    if any(entry.notes for entry in entries):
        columns[NOTES] = [f"⚠ {len(entry.notes)}" if entry.notes else "" for entry in entries]
    if any(entry.came_with for entry in entries):
        columns["Came with"] = [entry.came_with for entry in entries]
    columns |= {
        "Size": [file_size(entry.size) for entry in entries],
        "Added": [datetime.fromtimestamp(entry.added_at, UTC) for entry in entries],
    }
    ends = [entry.kept_until(kept_seconds) for entry in entries]
    if any(ends) and not with_progress:  # there is room for only one of them
        columns["Kept until"] = [end and datetime.fromtimestamp(end, UTC).date() for end in ends]
    columns |= {
        "By": [_by(entry, visitor.user) for entry in entries],
        "Actions": [[AGAIN, DELETE] if may_manage(visitor, entry) else [] for entry in entries],
    }
    return pd.DataFrame(columns)


def _progress(entry: Document) -> float | None:
    if entry.status in UNFINISHED:
        return entry.progress
    return entry.embedded if _gets_vectors(entry) else None


def _stage(entry: Document) -> str:
    if _gets_vectors(entry):
        return "Meaning"
    return entry.stage.capitalize() if entry.status is DocumentStatus.INDEXING else ""


def _gets_vectors(entry: Document) -> bool:
    return entry.status is DocumentStatus.INDEXED and bool(entry.to_embed)


def _by(entry: Document, user: str) -> str:
    return "you" if entry.added_by == user else one_line(entry.added_by, 10)
