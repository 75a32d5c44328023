"""Sentences about what was not read, for the notes of a document."""

from __future__ import annotations

from collections.abc import Iterator


def left(count: int, what: str, verb: str = "not read") -> Iterator[str]:
    """Yield a sentence such as “2 pictures were not read.”, if there are any."""
    if count:
        yield f"{counted(count, what)} {'was' if count == 1 else 'were'} {verb}."


def hidden(count: int) -> Iterator[str]:
    """Yield a sentence about text that a reader of the document does not see, if there is any."""
    if count:
        yield f"Hidden text was left out in {counted(count, 'place')}."


def tracked(insertions: int, deletions: int) -> Iterator[str]:
    """Yield a sentence about changes that nobody accepted yet, if there are any."""
    kept = f"{counted(insertions, 'insertion')} kept" if insertions else ""
    removed = f"{counted(deletions, 'deletion')} left out" if deletions else ""
    if insertions or deletions:
        changes = ", ".join(filter(None, (kept, removed)))
        yield f"Tracked changes were read as accepted: {changes}."


def counted(count: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
