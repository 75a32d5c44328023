"""Read the HTML page that Streamlit serves.

What: `streamlit.file_util.get_static_dir`, and the file index.html in it.
Why: the page has one or two inline scripts, which our Content-Security-Policy has to name.
Until: Streamlit's page has no inline script, or Streamlit sends such a policy itself.
"""

from __future__ import annotations

from pathlib import Path

from streamlit.file_util import get_static_dir


def index_html() -> str:
    """Return the HTML of every page."""
    return (Path(get_static_dir()) / "index.html").read_text()
