"""Tell people of errors behind buttons and in parts of a page.

Either context manager skips the rest of its block after an error. What is to happen in any case
belongs after the block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jobs.errors import AskqueueError
from ui.components.common.errors import show_failure
from ui.components.common.text import plain
from ui.state import notices as notice_state

ERROR_ICON = ":material/error:"


@contextmanager
def reporting() -> Iterator[None]:
    """Tell people of an error in passing, as a notice. For callbacks, which cannot draw."""
    try:
        yield
    except AskqueueError as error:
        tell_error(error)


@contextmanager
def showing_errors(*, quiet: bool = False) -> Iterator[None]:
    """Show an error in place, and leave out the rest of the block. `quiet` as in `show_failure`."""
    try:
        yield
    except AskqueueError as error:
        show_failure(error.failure, quiet=quiet)


def tell_error(error: AskqueueError) -> None:
    """Have the page tell people of this error in passing."""
    notice_state.add(plain(error.message), ERROR_ICON)
