"""What one session is doing to many questions, piece by piece, so that its page stays usable."""

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
    """An action on the questions that were selected when it began, and its progress.

    The first `tried` of them were tried: it succeeded for those in `done` and was refused for the
    others. Deletions in `undoable` can be undone. `until` is, for an undo, the Unix time until
    which the rest can be undone; `resume_at`, on the monotonic clock, is when the next piece may
    begin.
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
        """Return how many were refused, as they changed since they were selected."""
        return self.tried - len(self.done)


def runs() -> list[BulkRun]:
    """Return the runs in the order they were started: the first is under way, the others wait."""
    kept: list[BulkRun] = st.session_state.setdefault("bulk_runs", [])
    return kept


def stop_first() -> None:
    """Stop the run that is under way; what it has not come to is left alone."""
    if runs():
        runs()[0].is_stopped = True
