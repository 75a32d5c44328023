"""What the session remembers of webhooks: the one just made, and the one about to be removed."""

from __future__ import annotations

import streamlit as st

from jobs.webhooks.client import Webhook
from ui.state.session_value import SessionValue

# Keys of widgets.
ADDRESS = "webhook_address"
EVENTS = "webhook_events"
ANSWER = "webhook_answer"
CHOICE = "webhook_choice"

# The webhook just made, and its secret, until its owner has copied it.
new_webhook: SessionValue[tuple[Webhook, str] | None] = SessionValue("new_webhook", None)
# The webhook that its owner is asked about.
to_remove: SessionValue[Webhook | None] = SessionValue("webhook_to_remove", None)


def clear_address() -> None:
    """Empty the form for the next webhook; its events are often the same."""
    st.session_state[ADDRESS] = ""
