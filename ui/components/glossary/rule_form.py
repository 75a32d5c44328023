"""The form for a term of the glossary: a new one, or one that is changed."""

from __future__ import annotations

import streamlit as st

from jobs.glossary.rules import MAX_PHRASE_CHARS, MAX_PHRASES, MAX_TERM_CHARS
from jobs.glossary.store import GlossaryStore
from ui.components.common.errors import show_failure
from ui.components.common.text import plain
from ui.components.glossary.changes import save_rule, undo_deletion
from ui.state import glossary as glossary_state

FORM_PIXELS = 640


def show_rule_form(store: GlossaryStore) -> None:
    """Show the form, why a change was refused, and what can be undone."""
    edited = glossary_state.edited.get()
    with st.form("glossary_form", width=FORM_PIXELS):
        st.markdown(f"**Change “{plain(edited.term)}”**" if edited else "**Add a term**")
        st.text_input(
            "Term, as people write it in questions",
            key=glossary_state.TERM,
            max_chars=MAX_TERM_CHARS,
            placeholder="capex",
        )
        st.text_area(
            "Also search for, separated by semicolons",
            key=glossary_state.PHRASES,
            height=80,
            max_chars=MAX_PHRASES * MAX_PHRASE_CHARS,
            placeholder="purchases of property, plant and equipment; capital expenditures",
        )
        with st.container(horizontal=True):
            st.form_submit_button(
                "Save" if edited else "Add",
                icon=":material/check:" if edited else ":material/add:",
                type="primary",
                on_click=save_rule,
                args=(store,),
            )
            if edited:
                st.form_submit_button("Cancel", on_click=glossary_state.edit, args=(None,))
    failure = glossary_state.failure.take()
    if failure:
        show_failure(failure)


def show_undo(store: GlossaryStore) -> None:
    """Offer to bring back the term that was just deleted."""
    deleted = glossary_state.deleted.get()
    if deleted is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="glossary_undo"):
        st.markdown(f"Deleted “{plain(deleted.term)}”.", width="content")
        st.button(
            "Undo",
            icon=":material/undo:",
            key="glossary_undo_button",
            on_click=undo_deletion,
            args=(store, deleted),
        )
