"""Errors behind buttons become notices; errors that nobody expects still surface."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from jobs.errors import NotFoundError
from ui.components.common.reporting import ERROR_ICON, reporting
from ui.state import notices as notice_state


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Session state of which nobody else knows."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_error_becomes_a_notice_and_ends_the_block() -> None:
    """The words are escaped; what stands behind the block goes on."""
    done = []
    with reporting():
        done.append("before")
        raise NotFoundError("No file *a*.")
        done.append("after")
    assert done == ["before"]
    assert list(notice_state.pending()) == [(r"No file \*a\*\.", ERROR_ICON)]


def test_nothing_is_told_of_success() -> None:
    """A block without an error leaves no notice."""
    with reporting():
        pass
    assert list(notice_state.pending()) == []


def test_mistakes_of_ours_are_not_hidden() -> None:
    """Only the errors of Askqueue are told."""
    with pytest.raises(KeyError), reporting():
        raise KeyError("x")
