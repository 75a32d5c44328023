"""What searches and filters found lately, so that not every refresh looks for it again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from jobs.questions.query import JobQuery
from ui.state.session_value import SessionValue

# The table's query and the sidebar's, and the one before.
KEPT_QUERIES = 3


@dataclass(frozen=True)
class Found:
    """The ids that a query found, and until when (monotonic) they need not be looked for again."""

    job_ids: Sequence[str]
    until: float


_found: SessionValue[Mapping[JobQuery, Found]] = SessionValue("found", MappingProxyType({}))
# The names of the documents by id, and until when (monotonic) they need not be read again.
_names: SessionValue[tuple[Mapping[str, str] | None, float]] = SessionValue(
    "document_names", (None, 0.0)
)


def kept(query: JobQuery) -> Found | None:
    """Return what this query found, None if it is time to look again."""
    found = _found.get().get(query)
    return found if found is not None and time.monotonic() < found.until else None


def keep(query: JobQuery, found: Found) -> None:
    """Remember what this query found, and forget the oldest beyond `KEPT_QUERIES`."""
    entries = {**_found.get(), query: found}
    _found.set(dict([*entries.items()][-KEPT_QUERIES:]))


def forget() -> None:
    """Have every query look again."""
    _found.clear()


def kept_names() -> Mapping[str, str] | None:
    """Return the names of the documents by id, None if it is time to read them again."""
    names, until = _names.get()
    return names if time.monotonic() < until else None


def keep_names(names: Mapping[str, str], seconds: float) -> None:
    """Remember the names for so many seconds."""
    _names.set((names, time.monotonic() + seconds))
