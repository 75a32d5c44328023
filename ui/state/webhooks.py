"""What the session remembers of webhooks: the one just made, and the one about to be removed."""

from __future__ import annotations

import streamlit as st

from jobs.webhooks.client import Webhook

ADDRESS, EVENTS, ANSWER, CHOICE = (
    "webhook_address",
    "webhook_events",
    "webhook_answer",
    "webhook_choice",
)


def new_webhook() -> tuple[Webhook, str] | None:
    """The webhook just made, and its secret, until its owner has copied it."""
    made: tuple[Webhook, str] | None = st.session_state.get("new_webhook")
    return made


def set_new_webhook(made: tuple[Webhook, str] | None) -> None:
    st.session_state["new_webhook"] = made


def webhook_to_remove() -> Webhook | None:
    """The webhook that its owner is asked about."""
    webhook: Webhook | None = st.session_state.get("webhook_to_remove")
    return webhook


def set_webhook_to_remove(webhook: Webhook | None) -> None:
    st.session_state["webhook_to_remove"] = webhook


def clear_address() -> None:
    """Empty the form for the next webhook; what it is told is often the same."""
    st.session_state[ADDRESS] = ""
