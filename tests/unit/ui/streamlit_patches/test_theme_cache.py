"""Tests of the kept theme: browsers get what Streamlit would have composed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from ui.streamlit_patches.theme_cache import keep_theme

SECTIONS = {"theme.primaryColor": "#0f6b66", "theme.headingFontSizes": ["1.7rem"]}
DARK = {"theme.dark.textColor": "#e4ebe8"}


@pytest.fixture
def theme() -> Iterator[None]:
    """A theme, and Streamlit's own function for it put back afterwards."""
    compose = app_session._populate_theme_msg
    before = {name: config.get_option(name) for name in SECTIONS | DARK}
    for name, value in (SECTIONS | DARK).items():
        config.set_option(name, value)
    yield
    app_session._populate_theme_msg = compose
    for name, value in before.items():
        config.set_option(name, value)


def composed() -> CustomThemeConfig:
    """The message as a new run of a page asks for it."""
    message = CustomThemeConfig()
    app_session._populate_theme_msg(message)
    app_session._populate_theme_msg(message.dark, "theme.dark")
    app_session._populate_theme_msg(message.sidebar, "theme.sidebar")
    return message


@pytest.mark.usefixtures("theme")
def test_kept_theme_is_what_streamlit_composes() -> None:
    """The first message and the later ones are those of Streamlit, unset sections included."""
    expected = composed()
    keep_theme()
    keep_theme()
    assert [composed(), composed()] == [expected, expected]
    assert expected.primary_color == "#0f6b66"
    assert composed().HasField("dark")
    assert not composed().HasField("sidebar")


@pytest.mark.usefixtures("theme")
def test_sections_are_composed_once() -> None:
    """Streamlit's own function is asked once a section."""
    asked: list[str] = []
    original = app_session._populate_theme_msg

    def counting(msg: CustomThemeConfig, section: str = "theme") -> None:
        asked.append(section)
        original(msg, section)

    app_session._populate_theme_msg = counting
    keep_theme()
    composed(), composed()
    assert asked == ["theme", "theme.dark", "theme.sidebar"]
