"""The page of API keys and webhooks: make one, and see those there are."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.access.api_keys import ApiKey, ApiKeys
from ui.clients import get_clients
from ui.components.common.reporting import showing_errors
from ui.components.keys.key_form import show_key_form, show_new_key
from ui.components.keys.key_table import show_keys, show_revocation
from ui.components.keys.webhooks import show_webhooks
from ui.identity.people import Person, current_person
from ui.state import keys as key_state


def show_page() -> None:
    person = current_person()
    if person is None:
        return
    keys = get_clients().keys
    st.title("API keys", anchor=False)
    st.markdown(
        "With a key, a program can ask questions as you, over the HTTP API or with an OpenAI "
        "client. Its questions appear in your history."
    )
    st.link_button("API reference", "/api/docs", icon=":material/api:", type="tertiary")
    with showing_errors():
        _show_keys(keys, person, keys.list_keys(person.user))
        show_webhooks(get_clients().webhooks, person.user)


def _show_keys(keys: ApiKeys, person: Person, mine: Sequence[ApiKey]) -> None:
    if not show_new_key():
        show_key_form(keys, person)
    st.header("Your keys", anchor=False)
    if mine:
        show_keys(mine)
    else:
        st.info("You have no keys yet.", icon=":material/key_off:")
    to_revoke = key_state.to_revoke.get()
    if to_revoke:
        show_revocation(keys, person.user, to_revoke)


show_page()
