"""Signing in as an operator, for this session alone."""

from __future__ import annotations

import streamlit as st

import ui.clients
from jobs.errors import TooManySignInsError
from jobs.settings import Settings
from ui.identity.people import address_of, page_connection
from ui.state import operators as operator_state

FORM_PIXELS = 380


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
        on_click=operator_state.is_signed_in.set,
        args=(False,),
    )


def _try(settings: Settings, username: str, password: str) -> None:
    address = address_of(page_connection(), settings)
    brake = ui.clients.get_clients().sign_ins
    try:
        is_right = brake.are_right(settings, address, username, password)
    except TooManySignInsError as refusal:
        st.warning(refusal.message, icon=":material/hourglass_top:", width=FORM_PIXELS)
        return
    if is_right:
        operator_state.is_signed_in.set(True)
        st.rerun()
    st.error("Wrong user name or password.", icon=":material/error:", width=FORM_PIXELS)
