"""The deliveries of one webhook, their outcome, and sending one of them again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from jobs.webhooks.client import Webhook, Webhooks
from jobs.webhooks.outbox import Delivery
from ui.components.common.reporting import showing_errors
from ui.components.common.table_height import ROW_PIXELS, table_height

SHOWN_ROWS = 10
CHOICE_PIXELS = 440
REFRESH_SECONDS = 2.0
SOON_SECONDS = 60.0
STATES = {"delivered": "✓ delivered", "waiting": "… waiting", "failed": "✗ failed"}


def show_deliveries(webhooks: Webhooks, user: str, webhook: Webhook) -> None:
    """Show the newest deliveries, refreshed every few seconds while one is about to be sent."""
    with showing_errors():
        is_busy = _any_soon(webhooks.deliveries(user, webhook.id))
        refresh = st.fragment(_refresh, run_every=REFRESH_SECONDS if is_busy else None)
        refresh(webhooks, user, webhook, is_busy=is_busy)


def _refresh(webhooks: Webhooks, user: str, webhook: Webhook, *, is_busy: bool) -> None:
    with showing_errors(quiet=True):
        deliveries = webhooks.deliveries(user, webhook.id)
        if is_busy and not _any_soon(deliveries):
            st.rerun()  # the webhook's state may have changed, and nothing is left to wait for
        _show(webhooks, user, deliveries)


def _show(webhooks: Webhooks, user: str, deliveries: Sequence[Delivery]) -> None:
    st.markdown("**Deliveries** of the last seven days, newest first, at most 100")
    if not deliveries:
        st.caption("Nothing has been sent yet. Send a test to see whether it arrives.")
        return
    st.dataframe(
        _frame(deliveries),
        height=table_height(len(deliveries), SHOWN_ROWS),
        row_height=ROW_PIXELS,
        hide_index=True,
        placeholder="",
        alt="Deliveries of the webhook, newest first",
        column_config={
            "Time": st.column_config.DatetimeColumn(format="distance", width=130),
            "Event": st.column_config.TextColumn(width=110),
            "State": st.column_config.TextColumn(width=110),
            "Attempt": st.column_config.NumberColumn(width=70),
            "Status": st.column_config.NumberColumn(width=70),
            "Took": st.column_config.NumberColumn(format="%.2f s", width=80),
            "Next": st.column_config.DatetimeColumn(format="distance", width=130),
            "Why": st.column_config.TextColumn(width=360),
        },
    )
    by_id = {each.id: each for each in deliveries}
    with st.container(horizontal=True, vertical_alignment="bottom", key="delivery_actions"):
        chosen = st.selectbox(
            "One delivery",
            list(by_id),
            index=None,
            format_func=lambda delivery_id: _label(by_id.get(delivery_id)),
            placeholder="Choose a delivery",
            key="delivery_choice",
            width=CHOICE_PIXELS,
        )
        is_resent = st.button(
            "Send it again",
            icon=":material/replay:",
            key="resend_delivery",
            disabled=chosen not in by_id,
        )
    if is_resent and chosen in by_id:
        with showing_errors():
            webhooks.resend(user, by_id[chosen].webhook_id, chosen)
            st.rerun()


def _any_soon(deliveries: Sequence[Delivery]) -> bool:
    """Return True if one is sent within `SOON_SECONDS`; not for one that waits for hours."""
    now = time.time()
    return any(
        each.next_at is not None and each.next_at < now + SOON_SECONDS for each in deliveries
    )


def _frame(deliveries: Sequence[Delivery]) -> pd.DataFrame:
    frame = {
        "Time": _times([each.created_at for each in deliveries]),
        "Event": [each.type for each in deliveries],
        "State": [STATES[each.state] for each in deliveries],
        "Attempt": [each.attempts or None for each in deliveries],
        "Status": [each.status for each in deliveries],
        "Took": [each.seconds if each.attempts else None for each in deliveries],
    }
    if any(each.next_at is not None for each in deliveries):
        frame["Next"] = _times([each.next_at for each in deliveries])
    if any(each.error for each in deliveries):
        frame["Why"] = [each.error for each in deliveries]
    return pd.DataFrame(frame)


def _label(delivery: Delivery | None) -> str:
    if delivery is None:
        return ""
    when = datetime.fromtimestamp(delivery.created_at, UTC)
    return f"{delivery.type}, {when:%d %b %H:%M:%S} UTC, {delivery.state}"


def _times(times: Sequence[float | None]) -> pd.Series:
    return pd.Series(
        [datetime.fromtimestamp(each, UTC) if each else None for each in times],
        dtype="datetime64[ns, UTC]",
    )
