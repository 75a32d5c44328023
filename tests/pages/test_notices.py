"""Notices that one run of the page could not show are shown by the next."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def script() -> None:
    """A page that has two things to say, and whose first run is cut short while it says one."""
    import streamlit as st

    from ui.state import notices as notice_state

    if not st.session_state.get("is_told"):
        st.session_state["is_told"] = True
        notice_state.add("one", ":material/info:")
        notice_state.add("two", ":material/info:")
        for _text, _icon in notice_state.pending():
            st.stop()
    for text, icon in notice_state.pending():
        st.toast(text, icon=icon)


def test_notice_that_was_cut_short_is_said_again() -> None:
    """Each once, in their order, and none after that."""
    app = AppTest.from_function(script).run()
    assert not app.toast
    assert [each.value for each in app.run().toast] == ["one", "two"]
    assert not app.run().toast
