"""Translates the errors of the embedded engine, which has no classes of its own for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jobs.errors import IndexDiskFullError, IndexUnavailableError
from jobs.search.errors import DISK_FULL_ERRNOS

# How Rust names these errors of the system, and what the log says that has no room.
_DISK_FULL = ("No space left", *(f"os error {number})" for number in DISK_FULL_ERRNOS))
# A failed check in Rust, which is not even an Exception. It cannot be imported.
_PANIC = ("pyo3_runtime", "PanicException")


@contextmanager
def edge_errors(what: str) -> Iterator[None]:
    """Raise IndexUnavailableError or IndexDiskFullError in place of what the engine raises.

    `what` is a sentence that says what went wrong, and what to do.
    """
    try:
        yield
    except BaseException as error:
        kind = type(error)
        if kind is not Exception and (kind.__module__, kind.__name__) != _PANIC:
            raise
        words = str(error)
        if any(sign in words for sign in _DISK_FULL):
            raise IndexDiskFullError() from error
        raise IndexUnavailableError(f"{what} ({words[:200]})", command="") from error
