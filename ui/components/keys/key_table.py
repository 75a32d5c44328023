"""The API keys of a user, and revoking one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from jobs.access.api_keys import ApiKey, ApiKeys, Scope
from ui.components.common.confirmation import Confirmation, ask_before
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import plain
from ui.state import keys as key_state

CHOICE_PIXELS = 340


def show_keys(keys: Sequence[ApiKey]) -> None:
    """Show the keys, newest first, and offer to revoke one, by keyboard and on a phone too."""
    st.dataframe(
        _frame(keys, time.time()),
        height=table_height(len(keys)),
        row_height=ROW_PIXELS,
        hide_index=True,
        placeholder="never",
        alt="Your API keys, newest first",
        column_config={
            "Name": st.column_config.TextColumn(width=200),
            "Scopes": st.column_config.TextColumn(width=180),
            "Created": st.column_config.DatetimeColumn(format="distance", width=120),
            "Last used": st.column_config.DatetimeColumn(
                format="distance", width=120, help="To the minute."
            ),
            "Expires": st.column_config.DatetimeColumn(format="D MMM YYYY", width=110),
            "State": st.column_config.TextColumn("", width=90),
        },
    )
    by_id = {key.id: key for key in keys}
    with st.container(horizontal=True, vertical_alignment="bottom", key="key_actions"):
        chosen = st.selectbox(
            "One key",
            list(by_id),
            index=None,
            format_func=lambda key_id: by_id[key_id].name if key_id in by_id else "",
            placeholder="Choose a key",
            key="key_choice",
            width=CHOICE_PIXELS,
        )
        st.button(
            "Revoke it",
            icon=":material/block:",
            key="revoke_key",
            disabled=chosen not in by_id,
            on_click=key_state.to_revoke.set,
            args=(by_id.get(chosen or ""),),
        )


def show_revocation(keys: ApiKeys, user: str, key: ApiKey) -> None:
    """Ask whether to revoke a key, and revoke it if so."""
    ask_before(
        Confirmation(
            title="Revoke this key?",
            button="Revoke",
            icon=":material/block:",
            key="revocation",
            text=lambda: (
                f"Programs that use **{plain(key.name)}** will be refused. This cannot be undone. "
                "Their questions stay in your history; webhooks that they made end."
            ),
            do=lambda: keys.revoke(user, key.id),
            close=lambda: key_state.to_revoke.set(None),
        )
    )


def _frame(keys: Sequence[ApiKey], now: float) -> pd.DataFrame:
    columns = {
        "Name": [key.name for key in keys],
        "Scopes": [_scopes(key) for key in keys],
        "Created": _times([key.created_at for key in keys]),
        "Last used": _times([key.used_at for key in keys]),
        "Expires": _times([key.expires_at for key in keys]),
    }
    if any(key.is_expired(now) for key in keys):
        columns["State"] = ["expired" if key.is_expired(now) else "" for key in keys]
    return pd.DataFrame(columns)


def _scopes(key: ApiKey) -> str:
    return ", ".join(scope for scope in Scope if scope in key.scopes)


def _times(times: Sequence[float | None]) -> pd.Series:
    return pd.Series(
        [datetime.fromtimestamp(each, UTC) if each else None for each in times],
        dtype="datetime64[ns, UTC]",
    )
