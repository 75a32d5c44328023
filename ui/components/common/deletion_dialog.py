"""The dialog that asks before something is deleted for good."""

from __future__ import annotations

from collections.abc import Callable

from ui.components.common.confirmation import Confirmation, ask_before


def ask_before_deletion(
    title: str, text: Callable[[], str], delete: Callable[[], None], close: Callable[[], None]
) -> None:
    """Ask with `text`, then call `delete` or not, and `close` either way, as `ask_before` does."""
    ask_before(Confirmation(title, "Delete", ":material/delete:", "deletion", text, delete, close))
