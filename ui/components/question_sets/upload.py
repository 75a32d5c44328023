"""A new question set: from a file, or from the ratings of whoever looks at the page."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from jobs.batches.table_limits import MAX_FILE_BYTES
from jobs.errors import AskqueueError
from jobs.question_sets.client import QuestionSets
from jobs.question_sets.tables import SUPPORTED_EXTENSIONS, read_questions
from ui.components.common.errors import show_failure
from ui.state import question_sets as set_state
from ui.streamlit_patches.bounded_uploads import forget_uploads

MAX_FILE_MB = MAX_FILE_BYTES // 2**20
RATED_NAME = "My rated answers"
COLUMNS = (
    "| column | |\n| --- | --- |\n"
    "| Question | what is asked |\n"
    "| Document | the name of the document that answers it |\n"
    "| Pages | where the answer stands there, such as 3, 5-7; one of them is enough |\n"
    "| Words | words of the passage that answers it |\n"
    "| None | yes, if the documents don't answer it |\n\n"
    "Only the first is needed. In JSON, one object a line, these are the names of the fields."
)


def show_set_upload(sets: QuestionSets, user: str, max_upload_mb: int) -> None:
    """Take a file, or make a set of rated answers."""
    file = st.file_uploader(
        "A table with one question per row (CSV, XLSX or ODS), or JSON Lines",
        type=[extension.lstrip(".") for extension in SUPPORTED_EXTENSIONS],
        max_upload_size=min(max_upload_mb, MAX_FILE_MB),
        key=set_state.uploader_key(),
    )
    if file is not None:
        with st.spinner("Reading the questions…"):
            _keep(sets, user, file.name, file.getvalue())
        forget_uploads()
        set_state.empty_uploader()
        st.rerun()
    failure = set_state.failure.take()
    if failure:
        show_failure(failure)
    with st.container(horizontal=True, vertical_alignment="center", key="set_sources"):
        with st.popover("Columns of the table", icon=":material/table:"):
            st.markdown(COLUMNS)
        st.button(
            "Make one from my ratings",
            icon=":material/thumbs_up_down:",
            key="set_rated",
            help="The answers that you called useful say where the answer stands",
            on_click=_keep_rated,
            args=(sets, user),
        )


def _keep(sets: QuestionSets, user: str, name: str, data: bytes) -> None:
    try:
        made = sets.add(user, PurePath(name).stem, read_questions(name, data, user))
    except AskqueueError as error:
        set_state.failure.set(error.failure)
    else:
        set_state.select(made.id)


def _keep_rated(sets: QuestionSets, user: str) -> None:
    try:
        made = sets.add_rated(user, RATED_NAME)
    except AskqueueError as error:
        set_state.failure.set(error.failure)
    else:
        set_state.select(made.id)
