"""Who is signed in, and how to sign out, in the sidebar.

ui/static/account.js ends a page whose user signed out elsewhere in the browser, or whose sign-in
has expired: Streamlit knows only who was signed in when the page was opened.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from jobs.settings import AuthMode, Settings
from ui.components.common.text import plain
from ui.identity.people import Person

STATIC = Path(__file__).resolve().parents[2] / "static"

_watch = st.components.v2.component(
    "askqueue_account", js=(STATIC / "account.js").read_text(encoding="utf-8")
)


def show_account(settings: Settings, person: Person) -> None:
    """Show the person's name and a way to sign out; nothing where nobody signs in."""
    if settings.auth_mode is AuthMode.ANONYMOUS:
        return
    with st.container(gap=None, key="account"):
        _watch(key="account_watch", data={"user": person.user}, height=0)
        # Not as Markdown, which makes a link of an e-mail address.
        st.text(person.name, help=f"Your user id: {plain(person.user)}", width="stretch")
        if settings.auth_mode is AuthMode.OIDC:
            if st.button("Sign out", icon=":material/logout:", key="account_out", type="tertiary"):
                st.logout()
        elif settings.proxy_sign_out_url:
            st.link_button(
                "Sign out", settings.proxy_sign_out_url, icon=":material/logout:", type="tertiary"
            )
