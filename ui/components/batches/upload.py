"""A new batch: a file or pasted lines, what they seem to ask, and the button that submits them."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

from jobs.batches.client import BatchClient
from jobs.batches.models import Batch, Lines
from jobs.batches.spreadsheet import (
    SUPPORTED_EXTENSIONS,
    likely_sheet,
    lines_of,
    pasted_sheet,
    read_sheets,
)
from jobs.errors import AskqueueError, InvalidBatchError
from ui.components.common.errors import show_failure
from ui.components.common.reporting import showing_errors
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import counted, one_line, plain
from ui.state import batch as batch_state

UPLOAD, PASTE = "Upload a file", "Paste lines"
PREVIEW_ROWS = 5
MAX_FILE_MB = 10
PASTED_NAME = "Pasted lines"


def show_batch_upload(batches: BatchClient, user: str, max_upload_mb: int) -> None:
    """Take a file or pasted lines, and show what would be asked."""
    source = st.segmented_control(
        "Where the questions come from",
        [UPLOAD, PASTE],
        default=UPLOAD,
        required=True,
        key=batch_state.SOURCE,
        label_visibility="collapsed",
    )
    name = _take_pasted() if source == PASTE else _take_file(max_upload_mb)
    failure = batch_state.submit_failure.take()
    if failure:
        show_failure(failure)
    read = batch_state.read_file.get()
    if not name or read is None:
        return
    if read.failure:
        show_failure(read.failure)
        return
    with st.container(border=True, key="batch_preview"):
        lines = _choose(name, read)
        _show_preview(lines)
        _show_submit(batches, user, lines)


def _take_file(max_upload_mb: int) -> str:
    """Return the name of the file that was uploaded and read; "" if there is none."""
    file = st.file_uploader(
        "A table with one question per row: CSV or XLSX",
        type=[extension.lstrip(".") for extension in SUPPORTED_EXTENSIONS],
        max_upload_size=min(max_upload_mb, MAX_FILE_MB),
        key=batch_state.widget_key("file"),
    )
    if file is None:
        return ""
    _read(file.file_id, file.name, file.getvalue())
    return str(file.name)


def _take_pasted() -> str:
    text = st.text_area(
        "One question per line, or cells copied from a spreadsheet",
        height=160,
        key=batch_state.widget_key("pasted"),
    )
    if not text or not text.strip():
        return ""
    token = hashlib.sha256(text.encode()).hexdigest()
    if _is_new(token):
        batch_state.read_file.set(batch_state.ReadFile(token, (pasted_sheet(text),)))
    return PASTED_NAME


def _read(token: str, name: str, data: bytes) -> None:
    """Read a file once, however often the page is drawn."""
    if not _is_new(token):
        return
    try:
        sheets = read_sheets(name, data)
    except InvalidBatchError as error:
        batch_state.read_file.set(batch_state.ReadFile(token, failure=error.failure))
    else:
        batch_state.read_file.set(batch_state.ReadFile(token, sheets))


def _is_new(token: str) -> bool:
    read = batch_state.read_file.get()
    return read is None or read.token != token


def _choose(name: str, read: batch_state.ReadFile) -> Lines:
    """Let the guesses be corrected: which sheet, whether there is a header, which column."""
    token = read.token[:16]
    with st.container(horizontal=True, vertical_alignment="bottom", key="batch_choices"):
        number = 0
        if len(read.sheets) > 1:
            number = st.selectbox(
                "Sheet",
                range(len(read.sheets)),
                index=likely_sheet(read.sheets),
                format_func=lambda each: read.sheets[each].name,
                key=f"batch_sheet_{token}",
                width=240,
            )
        sheet = read.sheets[int(number)]
        header_key = f"batch_header_{token}_{number}"
        headed = batch_state.is_checked(header_key, default=sheet.seems_to_have_header)
        header = sheet.header(has_header=headed)
        column = st.selectbox(
            "Column with the questions",
            range(len(header)),
            index=sheet.likely_column(has_header=headed),
            format_func=lambda each: one_line(header[each], 60) if each < len(header) else "",
            key=f"batch_column_{token}_{number}",
            width=320,
            disabled=len(header) == 1,
        )
        has_header = st.checkbox(
            "The first row is a header", value=sheet.seems_to_have_header, key=header_key
        )
    return lines_of(name, sheet, int(column or 0), has_header=has_header)


def _show_preview(lines: Lines) -> None:
    skipped = [
        text
        for count, text in (
            (lines.empty, f"{counted(lines.empty, 'row')} without a question"),
            (lines.duplicates, counted(lines.duplicates, "duplicate")),
        )
        if count
    ]
    summary = (
        f"**{counted(len(lines.questions), 'question')}** in {counted(len(lines.cells), 'row')}"
    )
    if skipped:
        summary += f"; {' and '.join(skipped)} will be skipped"
    st.markdown(f"{summary}.")
    shown = lines.cells[:PREVIEW_ROWS]
    if not shown:
        return
    # Numbered names: pandas keeps one column of each name.
    columns = [f"c{index}" for index in range(len(lines.header))]
    st.dataframe(
        pd.DataFrame([[one_line(cell, 300) for cell in row] for row in shown], columns=columns),
        key="batch_preview_table",
        height=table_height(len(shown)),
        row_height=ROW_PIXELS,
        hide_index=True,
        alt="The first rows of the file",
        column_config={
            column: st.column_config.TextColumn(
                f"▸ {name}" if index == lines.column else name,
                width="large" if index == lines.column else "small",
            )
            for index, (column, name) in enumerate(zip(columns, lines.header, strict=True))
        },
    )


def _show_submit(batches: BatchClient, user: str, lines: Lines) -> None:
    with showing_errors(quiet=True):
        batches.check(lines)
        _show_submit_button(batches, user, lines, batches.find(user, lines))


def _show_submit_button(
    batches: BatchClient, user: str, lines: Lines, before: Batch | None
) -> None:
    label = f"Ask {counted(len(lines.questions), 'question')}"
    if before is not None:
        label = "Open this batch" if before.is_over else "Continue this batch"
        st.info(
            f"You submitted this before as “{plain(before.name)}”: {before.over:,} of "
            f"{before.rows:,} are done. No question is asked twice.",
            icon=":material/history:",
        )
    st.button(
        label,
        icon=":material/playlist_add_check:",
        key="batch_submit",
        type="primary",
        on_click=_submit,
        args=(batches, user, lines),
    )


def _submit(batches: BatchClient, user: str, lines: Lines) -> None:
    try:
        batch = batches.submit(user, lines)
    except AskqueueError as error:
        batch_state.submit_failure.set(error.failure)
    else:
        batch_state.forget_file()
        batch_state.select(batch.id)
