"""Two runs of a question set side by side, or one alone: question by question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from jobs.question_sets.client import QuestionSets
from jobs.question_sets.comparison import Change, Compared, expected_words, outcome_of
from jobs.question_sets.models import Run, RunResult
from ui.components.common.download_link import show_download_link
from ui.components.common.looks import GRAY, GREEN, ORANGE, RED, Look
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import one_line, plain, safe_markdown
from ui.components.question_sets.runs import name_of
from ui.state import question_sets as set_state
from ui.state.tables import ALL

MAX_ROWS = 12
LOOKS = {
    Change.WORSE: Look("Worse", ":material/trending_down:", "red", RED),
    Change.BETTER: Look("Better", ":material/trending_up:", "green", GREEN),
    Change.CHANGED: Look("Changed", ":material/swap_vert:", "orange", ORANGE),
    Change.SAME: Look("Same", ":material/trending_flat:", "gray", GRAY),
}


def show_comparison(sets: QuestionSets, set_id: str, runs: Sequence[Run]) -> None:
    """Show what came of each question in two of the runs that are over."""
    over = {run.id: run for run in runs if run.is_over}
    if not over:
        return
    set_state.choose_runs(list(over))
    st.header("Question by question", anchor=False)
    _choose(over, set_id)
    before, after = set_state.compared_runs()
    compared = sets.compare(set_id, before or after, after)
    if before:
        order = [*LOOKS, None]
        compared = sorted(_filter(compared), key=lambda each: order.index(each.change))
    _show_rows(compared, is_pair=bool(before))
    chosen = set_state.shown_question()
    for each in compared:
        if each.question.id == chosen:
            _show_one(each, is_pair=bool(before))


def _choose(over: dict[str, Run], set_id: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="set_choices"):
        for label, key, options in (
            ("Before", set_state.BEFORE, ["", *over]),
            ("After", set_state.AFTER, list(over)),
        ):
            st.selectbox(
                label,
                options,
                format_func=lambda run_id: name_of(over[run_id]) if run_id else "Nothing",
                key=key,
                width=320,
            )
        before, after = set_state.compared_runs()
        show_download_link(
            "Download CSV",
            f"/operator/question-sets/{set_id}/comparison",
            {"before": before or after, "after": after, "format": "csv"},
            icon=":material/download:",
            key="set_comparison_download",
            help_text="All questions, with what came of them in both runs",
        )


def _filter(compared: Sequence[Compared]) -> list[Compared]:
    """Show how many got better and worse; return those that a click has chosen."""
    counts = Counter(each.change for each in compared)
    options = [ALL, *(change.value for change in LOOKS if counts[change])]
    if set_state.change_filter.get() not in options:
        set_state.change_filter.set(ALL)
    set_state.change_filter.prepare()
    st.pills(
        "Filter by change",
        options,
        format_func=lambda option: _label(option, counts, len(compared)),
        required=True,
        key=set_state.change_filter.key,
        label_visibility="collapsed",
        on_change=set_state.change_filter.note_choice,
    )
    chosen = set_state.change_filter.get()
    return [each for each in compared if chosen in (ALL, each.change)]


def _label(option: str, counts: Counter[Change | None], total: int) -> str:
    if option == ALL:
        return f"All :gray[{total:,}]"
    look = LOOKS[Change(option)]
    return f"{look.icon} {look.label} :gray[{counts[Change(option)]:,}]"


def _show_rows(compared: Sequence[Compared], *, is_pair: bool) -> None:
    set_state.set_rows([each.question.id for each in compared])
    columns: dict[str, list[object]] = {
        "Question": [one_line(each.question.text, 200) for each in compared],
        "Expected": [one_line(expected_words(each.question.expected), 80) for each in compared],
    }
    if is_pair:
        columns = {
            "Change": [[LOOKS[each.change].label] if each.change else [] for each in compared],
            **columns,
            "Before": [_outcome(each.before) for each in compared],
        }
    columns["After" if is_pair else "Answer"] = [_outcome(each.after) for each in compared]
    st.dataframe(
        pd.DataFrame(columns),
        key=set_state.TABLE,
        on_select=set_state.note_selection,
        selection_mode="single-row",
        height=table_height(len(compared), MAX_ROWS),
        row_height=ROW_PIXELS,
        hide_index=True,
        placeholder="",
        alt="The questions of this set; select a row to see its answers",
        column_config={
            "Change": st.column_config.MultiselectColumn(
                width=85,
                options=[look.label for look in LOOKS.values()],
                color=[look.chip for look in LOOKS.values()],
            ),
            "Question": st.column_config.TextColumn(width=310),
            "Expected": st.column_config.TextColumn(width=185),
            "Before": st.column_config.TextColumn(width=175),
            "After": st.column_config.TextColumn(width=175),
            "Answer": st.column_config.TextColumn(width=175),
        },
    )
    st.caption("Select a row to see its answers.")


def _outcome(result: RunResult | None) -> str:
    """Return what came of a question, and where its evidence stood among the passages."""
    if result is None:
        return ""
    verdict = result.verdict
    words = outcome_of(verdict)
    return f"{words} (passage {verdict.found_at})" if verdict and verdict.found_at else words


def _show_one(compared: Compared, *, is_pair: bool) -> None:
    with st.container(border=True, key="set_one"):
        st.markdown(f"**{plain(compared.question.text)}**")
        st.caption(f"Expected: {plain(expected_words(compared.question.expected))}")
        if not is_pair:
            _show_result("Answer", compared.after)
            return
        columns = st.columns(2, gap="medium")
        for column, label, result in zip(
            columns, ("Before", "After"), (compared.before, compared.after), strict=True
        ):
            with column:
                _show_result(label, result)


def _show_result(label: str, result: RunResult | None) -> None:
    st.markdown(f"**{label}** · {_outcome(result) or 'not asked'}")
    if result is None:
        return
    if result.failure:
        st.warning(plain(result.failure), icon=":material/warning:")
        return
    st.markdown(safe_markdown(result.answer))
    for line in result.citations:
        st.caption(plain(line))
