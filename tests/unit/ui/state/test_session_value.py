"""A typed value in the session: its default, keeping it, taking it, clearing it."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from ui.state.session_value import SessionValue

VALUE: SessionValue[int | None] = SessionValue("number", None)


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Session state of which nobody else knows."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_default_is_not_stored(session: dict[str, Any]) -> None:
    """Reading leaves the session as it is."""
    assert SessionValue("count", 7).get() == 7
    assert session == {}


def test_set_value_is_kept_under_its_key(session: dict[str, Any]) -> None:
    """A value that is false is a value."""
    VALUE.set(0)
    assert VALUE.get() == 0
    assert session == {"number": 0}


def test_take_gives_the_value_once() -> None:
    """After that there is the default."""
    VALUE.set(3)
    assert VALUE.take() == 3
    assert VALUE.take() is None


def test_clear_goes_back_to_the_default(session: dict[str, Any]) -> None:
    """Twice is no error."""
    VALUE.set(3)
    VALUE.clear()
    VALUE.clear()
    assert VALUE.get() is None
    assert session == {}
