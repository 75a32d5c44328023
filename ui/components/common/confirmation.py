"""The dialog that asks before something that cannot be undone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from jobs.errors import NotFoundError
from ui.components.common.reporting import showing_errors


@dataclass(frozen=True)
class Confirmation:
    """The dialog's title, and the button that confirms, with its icon.

    `text` returns Markdown when the dialog is drawn, `do` does it, and `close` ends the asking.
    The keys of the buttons are `<key>_cancelled` and `<key>_confirmed`.
    """

    title: str
    button: str
    icon: str
    key: str
    text: Callable[[], str]
    do: Callable[[], None]
    close: Callable[[], None]


def ask_before(confirmation: Confirmation) -> None:
    """Ask, do it if so, and close. If another tab was faster, that is no error."""
    asked = confirmation

    @st.dialog(asked.title, icon=asked.icon, on_dismiss=asked.close)
    def ask() -> None:
        with showing_errors():
            st.markdown(asked.text())
            with st.container(horizontal=True, horizontal_alignment="right"):
                is_kept = st.button("Keep it", key=f"{asked.key}_cancelled")
                is_confirmed = st.button(
                    asked.button, icon=asked.icon, key=f"{asked.key}_confirmed", type="primary"
                )
            if is_confirmed:
                with suppress(NotFoundError):
                    asked.do()
            if is_kept or is_confirmed:
                asked.close()
                st.rerun()

    ask()
