"""A filter with counts in its labels keeps its choice whatever becomes of its widget."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from ui.state.counted_filter import CountedFilter
from ui.state.tables import ALL

FILTER = CountedFilter("kind")


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Session state of which nobody else knows."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_everything_is_shown_at_first(session: dict[str, Any]) -> None:
    """The widget begins with `ALL`."""
    FILTER.prepare()
    assert (FILTER.get(), session["kind"]) == (ALL, ALL)


def test_label_that_changed_as_it_was_clicked_is_no_choice(session: dict[str, Any]) -> None:
    """Streamlit says None then; the choice stays, and the widget shows it again."""
    session["kind"] = "bad_api_key"
    FILTER.note_choice()
    session["kind"] = None
    FILTER.note_choice()
    assert FILTER.get() == "bad_api_key"
    FILTER.prepare()
    assert session["kind"] == "bad_api_key"


def test_choice_outlives_a_run_without_the_widget(session: dict[str, Any]) -> None:
    """Streamlit forgets a widget that is not drawn, as while Valkey is away."""
    session["kind"] = "bad_api_key"
    FILTER.note_choice()
    del session["kind"]
    FILTER.prepare()
    assert session["kind"] == "bad_api_key"
