"""The progress of a batch: a bar with a part for each state, and the list of a user's batches."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.batches.models import Batch, BatchState, RowState
from ui.components.common.looks import BLUE, GRAY, GREEN, ORANGE, RED, Look
from ui.components.common.text import ago, counted, one_line, plain
from ui.state import batch as batch_state

ROW_LOOKS = {
    RowState.FINISHED: Look("Finished", ":material/check_circle:", "green", GREEN),
    RowState.FAILED: Look("Failed", ":material/error:", "red", RED),
    RowState.STOPPED: Look("Stopped", ":material/stop_circle:", "gray", GRAY),
    RowState.GONE: Look("Deleted", ":material/delete:", "gray", GRAY),
    RowState.STARTED: Look("Started", ":material/play_circle:", "blue", BLUE),
    RowState.RETRYING: Look("Retrying", ":material/autorenew:", "orange", ORANGE),
    RowState.QUEUED: Look("Queued", ":material/schedule:", "gray", GRAY),
    RowState.PENDING: Look("Not asked yet", ":material/pending:", "gray", GRAY),
}
# Solid, each with enough contrast against the background of both themes.
BAR_COLORS = {
    RowState.FINISHED: "#22a55a",
    RowState.FAILED: "#ef4444",
    RowState.STOPPED: "#8a93a3",
    RowState.GONE: "#8a93a3",
    RowState.STARTED: "#3b82f6",
    RowState.RETRYING: "#f59e0b",
}


def show_bar(batch: Batch) -> None:
    """Show the states of the rows as parts of a bar; rows not asked yet are its background."""
    parts = [
        (ROW_LOOKS[state].label, batch.count(state), color) for state, color in BAR_COLORS.items()
    ]
    words = ", ".join(f"{label} {count:,}" for label, count, _color in parts if count)
    # Only numbers and our own words, so nothing needs escaping.
    segments = "".join(
        f'<span style="width:{100 * count / batch.rows:.3f}%;background:{color}" '
        f'title="{label}: {count:,}"></span>'
        for label, count, color in parts
        if count
    )
    st.html(
        '<div role="img" '
        f'aria-label="{batch.over:,} of {batch.rows:,} rows are done. {words}" '
        'style="display:flex;height:0.6rem;border-radius:0.3rem;overflow:hidden;'
        f'background:#8a93a340">{segments}</div>'
    )


def summary(batch: Batch) -> str:
    """Return what a batch is doing, in a few words."""
    done = f"{batch.over:,} of {batch.rows:,} done"
    failed = batch.count(RowState.FAILED)
    if failed:
        done += f", {failed:,} failed"
    return f"{_doing(batch)} · {done}"


def _doing(batch: Batch) -> str:
    if batch.is_over and (batch.state is BatchState.RUNNING or not batch.count(RowState.STOPPED)):
        return ":green[:material/check_circle:] Done"
    if batch.state is BatchState.PAUSED:
        return ":orange[:material/pause_circle:] Paused"
    if batch.state is BatchState.STOPPED:
        return ":gray[:material/stop_circle:] Stopped"
    return ":blue[:material/play_circle:] Running"


def show_batches(batches: Sequence[Batch]) -> None:
    """Show the user's batches, newest first; a click opens one."""
    st.header("Your batches", anchor=False)
    for batch in batches:
        with st.container(border=True, gap="xsmall", key=f"batch_{batch.id}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    f"**{plain(one_line(batch.name, 60))}**",
                    key=f"open_batch_{batch.id}",
                    type="tertiary",
                    help="Open this batch",
                    on_click=batch_state.select,
                    args=(batch.id,),
                )
                st.space("stretch")
                st.markdown(summary(batch), width="content")
            show_bar(batch)
            column = f" of the column “{plain(one_line(batch.column, 40))}”" if batch.column else ""
            st.caption(f"{counted(batch.rows, 'question')}{column} · {ago(batch.submitted_at)}")
