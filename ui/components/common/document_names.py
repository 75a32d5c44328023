"""How documents are named where people choose among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from jobs.models import Document


def names_of(documents: Sequence[Document]) -> dict[str, str]:
    """Return a name for each document by id; equal names get the beginning of the id added."""
    counts = Counter(document.name for document in documents)
    names = {}
    for document in documents:
        is_unique = counts[document.name] == 1
        names[document.id] = document.name if is_unique else f"{document.name} ({document.id[:8]})"
    return names
