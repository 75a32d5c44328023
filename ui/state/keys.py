"""What the session remembers of API keys: the one just made, and the one about to be revoked."""

from __future__ import annotations

import streamlit as st

from jobs.access.api_keys import ApiKey
from ui.state.session_value import SessionValue

# Keys of widgets.
NAME, SCOPES, DAYS = "key_name", "key_scopes", "key_days"

# The key just made, and its secret, until its owner has copied it.
new_key: SessionValue[tuple[ApiKey, str] | None] = SessionValue("new_key", None)
# The key that its owner is asked about.
to_revoke: SessionValue[ApiKey | None] = SessionValue("key_to_revoke", None)


def clear_name() -> None:
    """Empty the form for the next key; what it may do is often the same."""
    st.session_state[NAME] = ""
