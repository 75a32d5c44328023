"""What the session remembers of API keys: the one just made, and the one about to be revoked."""

from __future__ import annotations

import streamlit as st

from jobs.access.api_keys import ApiKey

NAME, SCOPES, DAYS = "key_name", "key_scopes", "key_days"


def new_key() -> tuple[ApiKey, str] | None:
    """The key just made, and its secret, until its owner has copied it."""
    made: tuple[ApiKey, str] | None = st.session_state.get("new_key")
    return made


def set_new_key(made: tuple[ApiKey, str] | None) -> None:
    st.session_state["new_key"] = made


def key_to_revoke() -> ApiKey | None:
    """The key that its owner is asked about."""
    key: ApiKey | None = st.session_state.get("key_to_revoke")
    return key


def set_key_to_revoke(key: ApiKey | None) -> None:
    st.session_state["key_to_revoke"] = key


def clear_name() -> None:
    """Empty the form for the next key; what it may do is often the same."""
    st.session_state[NAME] = ""
