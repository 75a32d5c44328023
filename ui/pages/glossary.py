"""The Glossary page: for terms of questions, the words that documents have for the same thing."""

from __future__ import annotations

import streamlit as st

from jobs.access.operators import Access
from ui.clients import get_clients
from ui.components.common.reporting import showing_errors
from ui.components.glossary.rule_file import show_export, show_import
from ui.components.glossary.rule_form import show_rule_form, show_undo
from ui.components.glossary.rule_table import show_rules
from ui.components.glossary.starter_sets import show_starter_sets
from ui.components.glossary.trial import show_trial
from ui.identity.people import operators_access
from ui.identity.roles import visitor
from ui.state import notices as notice_state

# Longer lines are hard to read.
READING_PIXELS = 1000


def show_page() -> None:
    clients = get_clients()
    person = visitor(clients.settings)
    if person is None:
        return
    store, may_change = clients.glossary, person.is_operator
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Glossary", anchor=False)
        show_export()
    st.caption(
        "People ask in their own words; documents have theirs. Where a question has one of these "
        "terms, the words beside it are searched for as well, at half the weight of what was "
        "asked. The receipt of an answer shows them."
    )
    if not may_change:
        how = (
            " Sign in on the page Operations to do so."
            if operators_access(clients.settings) is Access.PASSWORD
            else ""
        )
        st.caption(f":material/lock: Operators can change the glossary.{how}")
    for text, icon in notice_state.pending():
        st.toast(text, icon=icon)
    with st.container(width=READING_PIXELS), showing_errors():
        glossary = store.read()
        st.header("Starter sets", anchor=False)
        show_starter_sets(store, glossary, may_change=may_change)
        st.header("Terms", anchor=False)
        if may_change:
            show_rule_form(store)
        show_undo(store)
        show_rules(store, glossary.rules, may_change=may_change)
        if may_change:
            show_import(store)
        show_trial(glossary.rules)


show_page()
