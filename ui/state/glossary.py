"""What the session remembers of the Glossary page: the form, the search, what was just deleted."""

from __future__ import annotations

import streamlit as st

from jobs.glossary.rules import Rule
from jobs.models import Failure
from ui.state.session_value import SessionValue

# Keys of widgets.
TERM, PHRASES = "glossary_term", "glossary_phrases"
SEARCH, CHOICE, TRIAL = "glossary_search", "glossary_choice", "glossary_trial"

# The rule that the form changes; None for a new one.
edited: SessionValue[Rule | None] = SessionValue("glossary_edited", None)
# The rule that was just deleted, as long as that can be undone.
deleted: SessionValue[Rule | None] = SessionValue("glossary_deleted", None)
# Why the last change was refused; it is shown once.
failure: SessionValue[Failure | None] = SessionValue("glossary_failure", None)

_uploads: SessionValue[int] = SessionValue("glossary_uploads", 0)


def edit(rule: Rule | None) -> None:
    """Put a rule into the form; None empties it."""
    edited.set(rule)
    st.session_state[TERM] = rule.term if rule else ""
    st.session_state[PHRASES] = "; ".join(rule.phrases) if rule else ""


def typed() -> tuple[str, str]:
    """Return what is in the form: the term, and what else to search for."""
    return st.session_state.get(TERM) or "", st.session_state.get(PHRASES) or ""


def toggle_key(name: str) -> str:
    """Return the key of the toggle of a starter set."""
    return f"glossary_set_{name}"


def uploader_key() -> str:
    """Return the key of the uploader, which is emptied once its file was read."""
    return f"glossary_file_{_uploads.get()}"


def forget_file() -> None:
    """Empty the uploader."""
    _uploads.set(_uploads.get() + 1)
