"""Short messages that the page shows in passing, kept until they were shown."""

from __future__ import annotations

from collections.abc import Iterator

from ui.state.session_value import SessionValue

# Each a text, as Markdown, and an icon.
_pending: SessionValue[tuple[tuple[str, str], ...]] = SessionValue("notices", ())


def add(text: str, icon: str) -> None:
    """Have the live part of the page show this once its refresh is not cut short."""
    _pending.set((*_pending.get(), (text, icon)))


def pending() -> Iterator[tuple[str, str]]:
    """Yield what is to be shown, each a text and an icon, and keep it until the next is asked for.

    A click may cut a run short while it shows one: then the next run shows it again.
    """
    while kept := _pending.get():
        yield kept[0]
        _pending.set(tuple(kept[1:]))
