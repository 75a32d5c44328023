"""Notices that a run of the page could not say are said by the next."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def script() -> None:
    """A page that has two things to say, and whose first run is cut short while it says one."""
    import streamlit as st

    from ui.state import session

    if not st.session_state.get("is_told"):
        st.session_state["is_told"] = True
        session.keep_notice("one", ":material/info:")
        session.keep_notice("two", ":material/info:")
        for _text, _icon in session.notices():
            st.stop()
    for text, icon in session.notices():
        st.toast(text, icon=icon)


def test_notice_that_was_cut_short_is_said_again() -> None:
    """Each once, in their order, and none after that."""
    app = AppTest.from_function(script).run()
    assert not app.toast
    assert [each.value for each in app.run().toast] == ["one", "two"]
    assert not app.run().toast
