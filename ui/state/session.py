"""Whose session this is."""

from __future__ import annotations

import streamlit as st


def claim(user: str | None) -> None:
    """Make this session that of `user`, forgetting first what it remembers of anybody else.

    Called once per run of the script, before anything is drawn. A session changes hands when its
    connection comes back after somebody else signed in, in the same browser.
    """
    if st.session_state.get("user", user) != user:
        st.session_state.clear()
        st.query_params.clear()
    st.session_state["user"] = user
