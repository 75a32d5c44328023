"""What one session is doing to many questions, piece by piece, so that its page stays free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import streamlit as st


class Action(StrEnum):
    """What can be done to many questions."""

    RETRY = "retry"
    STOP = "stop"
    DELETE = "delete"
    UNDO = "undo"


@dataclass
class BulkRun:
    """An action on the questions that were selected when it began, and how far it is.

    Of the first `tried` it was done to those of `done`; the others did not allow it any more. Of
    those that were deleted, the ones in `undoable` can come back. `until`, of an undo, is the Unix
    time at which the rest of it can still be undone; `resume_at`, on the monotonic clock, is when
    its next piece may begin.
    """

    action: Action
    job_ids: Sequence[str]
    until: float = 0.0
    resume_at: float = 0.0
    tried: int = 0
    done: list[str] = field(default_factory=list)
    undoable: list[str] = field(default_factory=list)
    is_stopped: bool = False

    @property
    def is_over(self) -> bool:
        return self.is_stopped or self.tried >= len(self.job_ids)

    @property
    def refused(self) -> int:
        """How many of those that were tried did not allow it."""
        return self.tried - len(self.done)


def runs() -> list[BulkRun]:
    """What is under way: the first of them now, the others after it."""
    kept: list[BulkRun] = st.session_state.setdefault("bulk_runs", [])
    return kept


def stop_here() -> None:
    """Leave what the first run has not come to as it is."""
    if runs():
        runs()[0].is_stopped = True
