"""Which sessions are kept after their connection ended."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ui.streamlit_patches.bounded_sessions import MAX_KEPT, USER, BoundedSessionStorage


def session(user: str | None, id_: str) -> Any:
    return SimpleNamespace(session=SimpleNamespace(id=id_, _user_info={USER: user}))


def ids(storage: BoundedSessionStorage) -> list[str]:
    return [info.session.id for info in storage.list()]


def test_newest_sessions_of_each_user_are_kept() -> None:
    """One user's push out nobody else's."""
    storage = BoundedSessionStorage()
    storage.save(session("ann", "ann"))
    for number in range(200):
        storage.save(session("bob", f"bob {number}"))
    assert ids(storage) == ["ann", *(f"bob {number}" for number in range(200 - MAX_KEPT, 200))]


def test_nothing_is_kept_of_nobody() -> None:
    """There is nobody who could come back to it; forgetting it is no error."""
    storage = BoundedSessionStorage()
    for user in (None, ""):
        storage.save(session(user, "one"))
    storage.delete("one")
    assert ids(storage) == []
