"""How an attempt ends without a result of its own."""

from __future__ import annotations

from jobs.errors.base import AskqueueError


class SupersededError(AskqueueError):
    """The job goes on without this attempt: it was stopped, deleted, or taken over by another."""

    kind = "superseded"
    message = "This attempt is no longer the question's."


class HandedBackError(AskqueueError):
    """The worker shuts down; the job goes back to the front of its queue, at no cost."""

    kind = "handed_back"
    message = "The worker is restarting; the question runs again at once."
    retryable = True


class WorkerLostError(AskqueueError):
    kind = "worker_lost"
    message = "The worker died while running this; it runs again by itself."


class JobTimeoutError(AskqueueError):
    kind = "job_timeout"
    message = "This took longer than a job may. Retry, or split the work."


class UnknownTaskError(AskqueueError):
    """A job that names a function other than ours: whoever writes to RQ's keys may not run code."""

    kind = "unknown_task"
    message = "This job is none of Askqueue's, so it was not run. Delete it."
