"""What the glossary makes of a question that somebody types to see it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.glossary.rules import Rule
from jobs.glossary.term_finder import TermFinder
from ui.components.common.text import plain
from ui.state import glossary as glossary_state

TRIAL_PIXELS = 640
MAX_CHARS = 500


def show_trial(rules: Sequence[Rule]) -> None:
    """Show which terms of a question the glossary knows, and what is searched for then."""
    question = st.text_input(
        "Try a question",
        key=glossary_state.TRIAL,
        max_chars=MAX_CHARS,
        placeholder="What was our capex in 2025?",
        width=TRIAL_PIXELS,
    )
    if not question:
        return
    found = TermFinder(rules).find(question)
    if not found:
        st.caption("No term of the glossary is in this question.")
    for rule in found:
        st.caption(
            f":material/dictionary: **{plain(rule.term)}**: also {plain('; '.join(rule.phrases))}"
        )
