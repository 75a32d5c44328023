"""The starter sets of the glossary, each with a switch."""

from __future__ import annotations

import streamlit as st

from jobs.glossary.sets import starter_sets
from jobs.glossary.store import Glossary, GlossaryStore
from ui.components.common.text import counted
from ui.components.glossary.changes import switch_set
from ui.state import glossary as glossary_state


def show_starter_sets(store: GlossaryStore, glossary: Glossary, *, may_change: bool) -> None:
    """Show which sets are on; whoever may can switch them."""
    with st.container(horizontal=True, gap="medium", key="glossary_sets"):
        for name, rules in starter_sets().items():
            key = glossary_state.toggle_key(name)
            st.session_state[key] = name not in glossary.off  # somebody else may have switched it
            st.toggle(
                f"{name.capitalize()} :gray[· {counted(len(rules), 'term')}]",
                key=key,
                disabled=not may_change,
                on_change=switch_set,
                args=(store, name),
                width="content",
            )
