"""A new batch: a file or pasted lines, what they seem to ask, and the button that submits them."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

from jobs.batches.client import BatchClient
from jobs.batches.guess_table import MAX_HEADER_ROWS
from jobs.batches.models import Batch, Lines
from jobs.batches.spreadsheet import (
    SUPPORTED_EXTENSIONS,
    Sheet,
    likely_sheet,
    lines_of,
    pasted_sheet,
    read_sheets,
)
from jobs.batches.table_limits import MAX_FILE_BYTES
from jobs.errors import AskqueueError, InvalidBatchError
from ui.components.common.errors import show_failure
from ui.components.common.reporting import showing_errors
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import counted, one_line, plain
from ui.state import batch as batch_state
from ui.state.kept_tables import ReadFile
from ui.streamlit_patches.bounded_uploads import forget_uploads

UPLOAD, PASTE = "Upload a file", "Paste lines"
PREVIEW_ROWS = 5
MAX_FILE_MB = MAX_FILE_BYTES // 2**20
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
    name = _take_pasted(user) if source == PASTE else _take_file(user, max_upload_mb)
    failure = batch_state.submit_failure.take()
    if failure:
        show_failure(failure)
    read = batch_state.read_file()
    if not name or read is None:
        batch_state.keep_read_file(user, None)
        return
    if read.failure:
        show_failure(read.failure)
        return
    with st.container(border=True, key="batch_preview"):
        try:
            lines = _choose(name, read)
        except InvalidBatchError as error:  # of this column, maybe: the choices stay
            show_failure(error.failure)
            return
        _show_preview(lines)
        _show_submit(batches, user, lines)


def _take_file(user: str, max_upload_mb: int) -> str:
    """Return the name of the file that was uploaded and read; "" if there is none."""
    file = st.file_uploader(
        "A table with one question per row: CSV, XLSX or ODS",
        type=[extension.lstrip(".") for extension in SUPPORTED_EXTENSIONS],
        max_upload_size=min(max_upload_mb, MAX_FILE_MB),
        key=batch_state.widget_key("file"),
    )
    if file is None:
        return ""
    _read(user, file.file_id, file.name, file.getvalue())
    return str(file.name)


def _take_pasted(user: str) -> str:
    text = st.text_area(
        "One question per line, or cells copied from a spreadsheet",
        height=160,
        key=batch_state.widget_key("pasted"),
    )
    if not text or not text.strip():
        return ""
    token = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    if _is_new(token):
        try:
            read = ReadFile(token, (pasted_sheet(text),))
        except InvalidBatchError as error:
            read = ReadFile(token, failure=error.failure)
        batch_state.keep_read_file(user, read)
    return PASTED_NAME


def _read(user: str, token: str, name: str, data: bytes) -> None:
    """Read a file once, however often the page is drawn."""
    if not _is_new(token):
        return
    try:
        read = ReadFile(token, read_sheets(name, data, user))
    except InvalidBatchError as error:
        read = ReadFile(token, failure=error.failure)
    except AskqueueError as error:
        # Nothing is wrong with the file: the next drawing tries again.
        read = ReadFile("", failure=error.failure)
    batch_state.keep_read_file(user, read)


def _is_new(token: str) -> bool:
    read = batch_state.read_file()
    return read is None or read.token != token


def _choose(name: str, read: ReadFile) -> Lines:
    """Let the guesses be corrected: which sheet, which row names the columns, which one asks."""
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
        guessed = sheet.likely_header_row
        header_row = st.selectbox(
            "Row with the names of the columns",
            [None, *range(min(len(sheet.rows), MAX_HEADER_ROWS))],
            index=0 if guessed is None else guessed + 1,
            format_func=lambda row: _row_label(sheet, row),
            key=f"batch_header_{token}_{number}",
            width=320,
        )
        header = sheet.header(header_row)
        column = st.selectbox(
            "Column with the questions",
            range(len(header)),
            index=sheet.likely_column(header_row),
            format_func=lambda each: one_line(header[each], 60) if each < len(header) else "",
            key=f"batch_column_{token}_{number}_{header_row}",
            width=320,
            disabled=len(header) == 1,
        )
    return lines_of(name, sheet, int(column or 0), header_row=header_row)


def _row_label(sheet: Sheet, row: int | None) -> str:
    if row is None or row >= len(sheet.rows):
        return "None"
    names = ", ".join(filter(None, sheet.rows[row])) or "empty"
    return f"{row + 1}: {one_line(names, 60)}"


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
        forget_uploads()
        batch_state.select(batch.id)
