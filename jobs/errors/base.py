"""The base of all errors, and what is said of anything that cannot be found or done."""

from __future__ import annotations

from jobs.models import Failure


class AskqueueError(Exception):
    """Base of all errors that people may see."""

    kind = "error"
    message = "Something went wrong. Try again; if it happens again, tell the operator."
    command = ""
    retryable = False
    # A service is away: that says nothing about the job, and costs it no attempt for a while.
    is_outage = False

    def __init__(
        self, message: str = "", *, command: str = "", retry_after_seconds: float | None = None
    ) -> None:
        self.message = message or type(self).message
        self.command = command or type(self).command
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self.message)

    @property
    def failure(self) -> Failure:
        return Failure(self.kind, self.message, self.command)


class NotFoundError(AskqueueError):
    """Also raised for what belongs to somebody else, so that ids cannot be probed."""

    kind = "not_found"
    message = "There is no such question. It may have been deleted, or be another user's."


class InvalidStateError(AskqueueError):
    kind = "invalid_state"
    message = "That cannot be done with this question now."


class InvalidCursorError(AskqueueError):
    kind = "invalid_cursor"
    message = "This cursor is not one of ours. Begin without one, then use each reply's `next`."
