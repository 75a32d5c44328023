"""Tables that wait to be submitted: how many are kept, whatever their sessions do."""

from __future__ import annotations

import weakref

from jobs.batches.spreadsheet import Sheet
from ui.state.kept_tables import KeptTables, ReadFile


def read(kept: KeptTables, user: str, chars: int = 1000) -> weakref.ref[ReadFile]:
    """Return what a session has of a table that was just read."""
    table = ReadFile("token", (Sheet("Questions", (("x" * chars,),)),))
    kept.keep(user, table)
    return weakref.ref(table)


def test_sessions_of_one_user_keep_two_tables_together() -> None:
    """However many sessions read one; another user's stays."""
    kept = KeptTables(of_a_user=2)
    other = read(kept, "ann")
    sessions = [read(kept, "eve") for _ in range(20)]
    assert [session() is not None for session in sessions] == [False] * 18 + [True] * 2
    assert other() is not None


def test_tables_of_all_users_are_bounded_by_their_bytes() -> None:
    """The oldest go, and the newest stays even if it is too large by itself."""
    kept = KeptTables(bytes_of_all=20_000)
    sessions = [read(kept, f"user-{number}") for number in range(10)]
    assert sum(session() is not None for session in sessions) == 4
    large = read(kept, "ann", 100_000)
    assert large() is not None
    assert not any(session() for session in sessions)


def test_table_that_was_submitted_is_let_go_of() -> None:
    """Nothing else holds it."""
    kept = KeptTables()
    session = read(kept, "ann")
    kept.forget(session())
    assert session() is None
