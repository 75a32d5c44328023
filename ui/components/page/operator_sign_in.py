"""Signing in as an operator, for this session alone."""

from __future__ import annotations

import time

import streamlit as st

from jobs.access.operators import are_credentials
from jobs.settings import Settings
from ui.components.common.text import counted
from ui.state import operators as operator_state

FORM_PIXELS = 380
# One or two mistakes cost nothing; then each failed attempt doubles the wait before the next.
FREE_TRIES = 2
LONGEST_WAIT_SECONDS = 60.0


def show_sign_in(settings: Settings) -> None:
    """Ask for the operators' user name and password, and redraw the page once they are right."""
    st.markdown(
        "This page is for operators. Sign in with the user name and password of rq-dashboard."
    )
    with st.form("sign_in", width=FORM_PIXELS):
        username = st.text_input("User", autocomplete="username")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        is_sent = st.form_submit_button("Sign in", icon=":material/login:", type="primary")
    if is_sent:
        _try(settings, username, password)


def show_sign_out() -> None:
    """Offer to stop being an operator in this session."""
    st.button(
        "Sign out",
        icon=":material/logout:",
        key="sign_out",
        type="tertiary",
        on_click=operator_state.set_signed_in,
        args=(False,),
    )


def _try(settings: Settings, username: str, password: str) -> None:
    wrong, allowed_at = operator_state.failed_sign_ins.get()
    left = allowed_at - time.time()
    if left > 0:
        st.warning(
            f"Too many failed attempts. Try again in {counted(round(left + 0.5), 'second')}.",
            icon=":material/hourglass_top:",
            width=FORM_PIXELS,
        )
    elif are_credentials(settings, username, password):
        operator_state.set_signed_in(True)
        st.rerun()
    else:
        doublings = wrong + 1 - FREE_TRIES
        operator_state.note_failed_sign_in(
            min(LONGEST_WAIT_SECONDS, 2.0**doublings) if doublings > 0 else 0
        )
        st.error("Wrong user name or password.", icon=":material/error:", width=FORM_PIXELS)
