"""The terms of the glossary: a search, a table, and what can be done with one of them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from jobs.glossary.rules import Rule
from jobs.glossary.store import GlossaryStore
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import plain
from ui.components.glossary.changes import delete_rule
from ui.state import glossary as glossary_state

MAX_ROWS = 14
SEARCH_PIXELS, CHOICE_PIXELS = 340, 280
NOTHING = "— switched off"


def show_rules(store: GlossaryStore, rules: Sequence[Rule], *, may_change: bool) -> None:
    """Show the terms that match the search, and offer to change one."""
    searched = st.text_input(
        "Search the glossary",
        key=glossary_state.SEARCH,
        type="search",
        placeholder="Search the glossary",
        label_visibility="collapsed",
        live=True,
        width=SEARCH_PIXELS,
    )
    found = matching(rules, searched)
    if not found:
        if rules:
            st.info(f"No term has “{plain(searched)}” in it.", icon=":material/search_off:")
        else:
            _show_empty(may_change=may_change)
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Term": [rule.term for rule in found],
                "Also searched for": ["; ".join(rule.phrases) or NOTHING for rule in found],
                "From": [rule.source.capitalize() or "Own" for rule in found],
            }
        ),
        height=table_height(len(found), MAX_ROWS),
        row_height=ROW_PIXELS,
        hide_index=True,
        alt="The terms of the glossary, in alphabetical order",
        column_config={
            "Term": st.column_config.TextColumn(width=200),
            "Also searched for": st.column_config.TextColumn(width=620),
            "From": st.column_config.TextColumn(width=110),
        },
    )
    if may_change:
        _show_actions(store, found)


def matching(rules: Sequence[Rule], text: str) -> list[Rule]:
    """Return the rules with this text in their term or phrases."""
    words = text.casefold().split()
    return [
        rule
        for rule in rules
        if all(word in " ".join((rule.term, *rule.phrases)).casefold() for word in words)
    ]


def _show_actions(store: GlossaryStore, rules: Sequence[Rule]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="glossary_actions"):
        chosen = st.selectbox(
            "One term",
            rules,
            index=None,
            format_func=lambda rule: f"{rule.term} ({rule.source})" if rule.source else rule.term,
            placeholder="Choose a term",
            key=glossary_state.CHOICE,
            width=CHOICE_PIXELS,
        )
        st.button(
            "Change it",
            icon=":material/edit:",
            key="glossary_edit",
            disabled=chosen is None,
            on_click=glossary_state.edit,
            args=(chosen,),
        )
        st.button(
            "Delete it",
            icon=":material/delete:",
            key="glossary_delete",
            disabled=chosen is None,
            on_click=delete_rule,
            args=(store, chosen),
        )


def _show_empty(*, may_change: bool) -> None:
    what = " Switch on a starter set, add a term, or import a file." if may_change else ""
    st.info(f"The glossary is empty.{what}", icon=":material/dictionary:")
