"""The webhooks of a user: the form for a new one, the list, and removing one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from jobs.webhooks.client import Event, Webhook, Webhooks
from ui.components.common.confirmation import Confirmation, ask_before
from ui.components.common.reporting import showing_errors
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import plain
from ui.components.keys.webhook_deliveries import show_deliveries
from ui.state import webhooks as webhook_state

EVENT_LABELS = {Event.FINISHED: "finished", Event.FAILED: "failed", Event.STOPPED: "stopped"}
FORM_PIXELS = 640
CHOICE_PIXELS = 440


def show_webhooks(webhooks: Webhooks, user: str) -> None:
    """Show all of it: the form or the secret just made, the list, and one webhook's deliveries."""
    st.header("Webhooks", anchor=False)
    st.caption(
        "A webhook is an address of yours that gets a signed POST when one of your questions is "
        "over. Rows of batches send none. What a program adds with an API key ends with that key."
    )
    with showing_errors():
        _show_all(webhooks, user, webhooks.list_webhooks(user))


def _show_all(webhooks: Webhooks, user: str, mine: Sequence[Webhook]) -> None:
    if not _show_new_secret():
        _show_form(webhooks, user)
    if not mine:
        st.info("You have no webhooks yet.", icon=":material/webhook:")
        return
    _show_table(mine)
    chosen = _choose(webhooks, user, mine)
    if chosen is not None:
        if chosen.disabled:
            st.warning(f"Switched off. {chosen.disabled}", icon=":material/notifications_off:")
        show_deliveries(webhooks, user, chosen)
    to_remove = webhook_state.to_remove.get()
    if to_remove:
        _show_removal(webhooks, user, to_remove)


def _show_form(webhooks: Webhooks, user: str) -> None:
    with st.form("new_webhook_form", width=FORM_PIXELS):
        url = st.text_input(
            "Address",
            key=webhook_state.ADDRESS,
            placeholder="https://example.com/hooks/askqueue",
        )
        events = st.multiselect(
            "Notify when a question is",
            list(Event),
            default=[Event.FINISHED, Event.FAILED],
            format_func=EVENT_LABELS.__getitem__,
            key=webhook_state.EVENTS,
        )
        with_answer = st.checkbox(
            "Include the answer",
            key=webhook_state.ANSWER,
            help="Otherwise it gets the id and the state, and can fetch the answer over the API.",
        )
        is_sent = st.form_submit_button("Add webhook", icon=":material/add_link:")
    if not is_sent:
        return
    with showing_errors():
        made = webhooks.create(user, url, events, include_answer=with_answer)
        webhook_state.new_webhook.set(made)
        st.rerun()


def _show_new_secret() -> bool:
    """Show the secret of the webhook just made; False if there is none."""
    made = webhook_state.new_webhook.get()
    if made is None:
        return False
    webhook, secret = made
    with st.container(border=True, width=FORM_PIXELS, key="made_webhook"):
        st.markdown(
            f":material/webhook: **{plain(webhook.url)}** is added. Copy its secret now: it signs "
            "the deliveries, and is not shown again."
        )
        st.code(secret, language=None, wrap_lines=True)
        st.caption("How to verify deliveries is in docs/webhooks.md, and at standardwebhooks.com.")
        st.button("I have copied it", key="webhook_copied", on_click=_forget, type="primary")
    return True


def _show_table(webhooks: Sequence[Webhook]) -> None:
    frame = pd.DataFrame(
        {
            "Address": [webhook.url for webhook in webhooks],
            "State": [_state(webhook) for webhook in webhooks],
            "Events": [_events(webhook) for webhook in webhooks],
            "Answer": ["included" if webhook.include_answer else "" for webhook in webhooks],
            "Added": [datetime.fromtimestamp(webhook.created_at, UTC) for webhook in webhooks],
        }
    )
    st.dataframe(
        frame,
        height=table_height(len(webhooks)),
        row_height=ROW_PIXELS,
        hide_index=True,
        alt="Your webhooks, oldest first",
        column_config={
            "Address": st.column_config.TextColumn(width=320),
            "Events": st.column_config.TextColumn(width=180),
            "Answer": st.column_config.TextColumn(width=90),
            "Added": st.column_config.DatetimeColumn(format="distance", width=120),
            "State": st.column_config.TextColumn(width=110),
        },
    )


def _choose(webhooks: Webhooks, user: str, mine: Sequence[Webhook]) -> Webhook | None:
    """Offer what can be done with one of them; return the chosen one, None for none."""
    by_id = {webhook.id: webhook for webhook in mine}
    with st.container(horizontal=True, vertical_alignment="bottom", key="webhook_actions"):
        chosen = by_id.get(
            st.selectbox(
                "One webhook",
                list(by_id),
                index=0 if len(mine) == 1 else None,
                format_func=lambda webhook_id: by_id[webhook_id].url if webhook_id in by_id else "",
                placeholder="Choose a webhook",
                key=webhook_state.CHOICE,
                width=CHOICE_PIXELS,
            )
            or ""
        )
        is_tested = st.button(
            "Send a test", icon=":material/send:", key="test_webhook", disabled=chosen is None
        )
        st.button(
            "Remove it",
            icon=":material/delete:",
            key="remove_webhook",
            disabled=chosen is None,
            on_click=webhook_state.to_remove.set,
            args=(chosen,),
        )
    if is_tested and chosen is not None:
        with showing_errors():
            webhooks.test(user, chosen.id)
    return chosen


def _show_removal(webhooks: Webhooks, user: str, webhook: Webhook) -> None:
    """Ask whether to remove a webhook, and remove it if so."""
    ask_before(
        Confirmation(
            title="Remove this webhook?",
            button="Remove",
            icon=":material/delete:",
            key="removal",
            text=lambda: (
                f"Nothing more is sent to **{plain(webhook.url)}**, not even waiting deliveries. "
                "This cannot be undone."
            ),
            do=lambda: webhooks.delete(user, webhook.id),
            close=lambda: webhook_state.to_remove.set(None),
        )
    )


def _forget() -> None:
    webhook_state.new_webhook.set(None)
    webhook_state.clear_address()


def _events(webhook: Webhook) -> str:
    return ", ".join(label for event, label in EVENT_LABELS.items() if event in webhook.events)


def _state(webhook: Webhook) -> str:
    if webhook.disabled:
        return "switched off"
    return "failing" if webhook.failing_since is not None else "on"
