"""The filters above the table of questions: words, state, time, document; and the order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import streamlit as st

from jobs.documents.client import DocumentClient
from jobs.models import JobState
from jobs.questions.query import JobOrder
from ui.components.common.looks import JOB_LOOKS
from ui.components.common.text import one_line
from ui.state import found as found_state
from ui.state import history as history_state
from ui.state.periods import CUSTOM, PERIODS
from ui.state.tables import ALL

NAMES_SECONDS = 30.0  # a new document can be chosen after this
NAME_CHARS = 40
ORDERS = {
    JobOrder.NEWEST: "Newest first",
    JobOrder.OLDEST: "Oldest first",
    JobOrder.LONGEST_WAIT: "Longest wait first",
    JobOrder.LONGEST_RUN: "Longest run first",
}


def show_filters(documents: DocumentClient, user: str) -> None:
    """Show the filters; they take effect at once."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filters"):
        st.text_input(
            "Search questions and answers",
            key=history_state.JOB_SEARCH,
            type="search",
            placeholder="Search questions and answers",
            label_visibility="collapsed",
            live=True,
            width=270,
            persist_state="session",
            on_change=history_state.search_in_table,
        )
        states = {ALL: "Any state", **{each.value: JOB_LOOKS[each].label for each in JobState}}
        _choose("State", states, history_state.JOB_FILTER, 125)
        _choose("Asked", PERIODS, history_state.JOB_PERIOD, 130)
        if history_state.period() == CUSTOM:
            _show_dates()
        _choose("Cited document", _names(documents, user), history_state.JOB_DOCUMENT, 160)
        orders = {order.value: label for order, label in ORDERS.items()}
        _choose("Order", orders, history_state.JOB_ORDER, 155)


def _choose(label: str, options: Mapping[str, str], key: str, width: int) -> None:
    st.selectbox(
        label,
        list(options),
        format_func=lambda option: options[option],
        key=key,
        label_visibility="collapsed",
        width=width,
        persist_state="session",
        on_change=history_state.show_first_page,
    )


def _show_dates() -> None:
    today = history_state.today()
    st.date_input(
        "First and last day",
        value=(today - timedelta(days=6), today),
        max_value=today,
        key=history_state.JOB_DATES,
        label_visibility="collapsed",
        format="YYYY-MM-DD",
        width=230,
        persist_state="session",
        on_change=history_state.show_first_page,
    )


def _names(documents: DocumentClient, user: str) -> Mapping[str, str]:
    """Return the documents to choose from by id: those the user sees, and the chosen one."""
    names = found_state.kept_names()
    if names is None:
        entries = sorted(documents.list_documents(user), key=lambda entry: entry.name.casefold())
        names = {entry.id: one_line(entry.name, NAME_CHARS) for entry in entries}
        found_state.keep_names(names, NAMES_SECONDS)
    chosen = history_state.document_filter()
    gone = {} if chosen in (ALL, *names) else {chosen: "A deleted document"}
    return {ALL: "Any document", **names, **gone}
