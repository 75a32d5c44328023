"""The look of the pages as Streamlit sends it to a browser, composed once.

Streamlit composes the same six messages from its configuration anew for every run of every
fragment, which is a fifth of the time of a refresh. The configuration does not change while the
process runs.
"""

from __future__ import annotations

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session


def keep_theme() -> None:
    """From now on compose each section of the theme once. Calling it again changes nothing.

    Replaces a private function of the Streamlit that is pinned; a test compares what both compose.
    """
    compose = app_session._populate_theme_msg
    if getattr(compose, "keeps", False):
        return
    kept: dict[str, CustomThemeConfig] = {}

    def copy_kept(msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in kept:
            kept[section] = CustomThemeConfig()
            compose(kept[section], section)
        if kept[section].ByteSize():  # an empty one must stay unset
            msg.MergeFrom(kept[section])

    copy_kept.keeps = True  # type: ignore[attr-defined]  # marks ours
    app_session._populate_theme_msg = copy_kept
