"""Tell Streamlit that this app has a navigation, whatever its folders are called.

What: sets `streamlit.runtime.pages_manager.PagesManager.uses_pages_directory`.
Why: because of the folder ui/pages, a new process takes this for an app without `st.navigation`
    until home.py first runs; a first visit to a page other than the start page would never run it.
Until: Streamlit decides this by the script, or ui/pages has another name.
"""

from __future__ import annotations

from streamlit.runtime.pages_manager import PagesManager


def ignore_pages_folder() -> None:
    """Do not take the folder `pages` for pages of an app without a navigation."""
    PagesManager.uses_pages_directory = False
