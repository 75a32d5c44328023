"""The form for a new API key: name, scopes and expiry; and its secret, shown once."""

from __future__ import annotations

import time

import streamlit as st

from jobs.access.api_keys import MAX_NAME_CHARS, ApiKeys, Scope
from ui.components.common.reporting import showing_errors
from ui.components.common.text import plain
from ui.identity.people import Person, page_address
from ui.state import keys as key_state

SCOPE_LABELS = {
    Scope.ASK: "Ask, retry, stop and delete questions and batches",
    Scope.READ: "Read questions and answers",
    Scope.DOCUMENTS: "Add, list and delete documents",
    Scope.OPERATE: "Operate: queues, failed jobs and metrics of all users",
}
USUAL = [Scope.ASK, Scope.READ]
DAYS = {30: "30 days", 90: "90 days", 365: "1 year", 0: "until I revoke it"}
DAY_SECONDS = 24 * 3600
FORM_PIXELS = 640


def show_key_form(keys: ApiKeys, person: Person) -> None:
    """Show the form, and make the key; only operators are offered the operators' scope."""
    offered = [scope for scope in Scope if person.is_operator or scope is not Scope.OPERATE]
    with st.form("new_key_form", width=FORM_PIXELS):
        name = st.text_input(
            "Name",
            key=key_state.NAME,
            max_chars=MAX_NAME_CHARS,
            placeholder="What it is for, such as “Monthly report”",
        )
        chosen = st.multiselect(
            "What it may do",
            offered,
            default=USUAL,
            format_func=SCOPE_LABELS.__getitem__,
            key=key_state.SCOPES,
        )
        days = st.selectbox(
            "Valid for", list(DAYS), index=1, format_func=DAYS.__getitem__, key=key_state.DAYS
        )
        is_sent = st.form_submit_button("Create key", icon=":material/key:", type="primary")
    if not is_sent:
        return
    with showing_errors():
        made = keys.create(
            person.user,
            name,
            [scope for scope in chosen if scope in offered],
            expires_at=time.time() + days * DAY_SECONDS if days else None,
            known_as=person.known_as,
        )
        key_state.new_key.set(made)
        st.rerun()


def show_new_key() -> bool:
    """Show the key just made, with its secret and a first call; False if there is none."""
    made = key_state.new_key.get()
    if made is None:
        return False
    key, secret = made
    with st.container(border=True, width=FORM_PIXELS, key="made_key"):
        st.markdown(
            f":material/key: **{plain(key.name)}** is ready. Copy the key now: "
            "it is not stored, and cannot be shown again."
        )
        st.code(secret, language=None)
        if Scope.ASK in key.scopes:
            st.caption("Ask a first question with it:")
            st.code(_example(secret), language=None, wrap_lines=True)
        st.button("I have copied it", key="key_copied", on_click=_forget, type="primary")
    return True


def _example(secret: str) -> str:
    return (
        f"curl -H 'Authorization: Bearer {secret}' \\\n"
        f'  --json \'{{"query": "What is the hotel limit?"}}\' {page_address()}/api/chat'
    )


def _forget() -> None:
    key_state.new_key.set(None)
    key_state.clear_name()
