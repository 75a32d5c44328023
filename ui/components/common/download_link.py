"""A link that looks like a button, to a file that the API serves to whoever asks with a right.

Streamlit's own button for downloads keeps the file at an address that is open to everybody, and
takes it away when the page is drawn anew, even while it is being clicked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import streamlit as st

API = "/api"


def show_download_link(
    label: str,
    path: str,
    query: Mapping[str, object] | None = None,
    *,
    key: str,
    icon: str | None = None,
    help_text: str | None = None,
    type: Literal["secondary", "tertiary"] = "secondary",
) -> None:
    """Show the link. `path` is below the API; values of the query that say nothing are left out."""
    given = {name: value for name, value in (query or {}).items() if value not in (None, "")}
    address = f"{API}{path}?{urlencode(given)}" if given else f"{API}{path}"
    st.link_button(label, address, key=key, icon=icon, help=help_text, type=type)
