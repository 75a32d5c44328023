"""What a visitor sees who is not signed in: how to sign in, or why that does not work."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from jobs.access.sign_in_config import ONLY_PROVIDER, providers_of
from jobs.settings import AuthMode, Settings
from ui.identity.people import is_login_expired
from ui.streamlit_patches.login_cookie import sign_in_secrets

STATIC = Path(__file__).resolve().parents[2] / "static"
WIDTH_PIXELS = 420
NO_COOKIE = (
    "Askqueue recognises you by a cookie, and your browser sent none, or two that contradict each "
    "other. Allow cookies for this address, and delete those that it has, then reload the page."
)
EXPIRED = "Your sign-in has expired. Sign in again; your questions are as you left them."


def show_sign_in_page(settings: Settings, refusal: str) -> None:
    """Show how to sign in, or `refusal`, the sentence that says why this visitor may not."""
    if settings.auth_mode is AuthMode.ANONYMOUS:
        st.warning(NO_COOKIE, icon=":material/cookie_off:")
        return
    with st.container(horizontal_alignment="center", key="entrance"):
        st.image(str(STATIC / "icon.svg"), width=56)
        with st.container(border=True, width=WIDTH_PIXELS, gap="medium"):
            if refusal:
                st.title("You cannot sign in this way", anchor=False)
                st.error(refusal, icon=":material/block:")
            elif settings.auth_mode is AuthMode.OIDC:
                _show_providers()
            else:
                _show_missing_header(settings)


def _show_providers() -> None:
    st.title("Sign in to Askqueue", anchor=False)
    if is_login_expired():
        st.warning(EXPIRED, icon=":material/schedule:")
    else:
        st.markdown("Ask questions about your documents and get answers that show their sources.")
    for name in providers_of(sign_in_secrets()):
        st.button(
            "Sign in" if name == ONLY_PROVIDER else f"Sign in with {name.capitalize()}",
            icon=":material/login:",
            key=f"sign_in_{name}",
            type="primary",
            width="stretch",
            on_click=st.login,
            args=(name,),
        )


def _show_missing_header(settings: Settings) -> None:
    st.title("You are not signed in", anchor=False)
    st.warning(
        "A sign-in proxy tells Askqueue who you are, and this request came without a user name. "
        "Open Askqueue at the proxy's address. If you did, ask the operator to have the proxy send "
        f"the user name in the header {settings.proxy_user_header}.",
        icon=":material/passkey:",
    )
