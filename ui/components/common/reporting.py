"""What becomes of an error behind a button or in a part of a page: people are told, nothing breaks.

Both are for blocks whose rest makes no sense after an error; what is to happen either way stands
behind the block.
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
